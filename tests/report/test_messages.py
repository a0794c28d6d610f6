"""Results, answers, questions, refusals and lists, as people read them and as machines do."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from bot.model.errors import TemporaryError
from bot.model.people import Account
from bot.model.questions import Question
from bot.model.sections import Exec, Risk
from bot.report import listing, refusal
from bot.report.answer import answer
from bot.report.plan import plan_card
from bot.report.question import answered, late, question, which_plan
from bot.report.result import result
from tests.report.making import (
    AVAILABLE,
    ENABLED,
    NGINX,
    NOW,
    PLAN,
    ROOM,
    STEP,
    WEB1,
    attempt,
    ended_run,
    plan_of,
    view_of,
    vote,
)

ALICE = Account("console", "alice")
DF = Exec((("df", "-h", "/"),))


def reading(output, action=DF):
    section = replace(NGINX, risk=Risk.READ, title="Show disk space", verify=None)
    step = replace(STEP, section=section, actions=(action,), verify=(), rollback=(), preview=())
    tried = attempt(0, action=action, output=output)
    return view_of("done", plan_of(step), run=ended_run("done", tried))


def test_a_result_is_one_sentence_that_mentions_the_requester():
    view = view_of("done", run=ended_run("done"), decided_by="bob")
    report = result(view, ALICE)
    assert report.text == "alice, done: shop.example.org answers on web1 (6 s, approved by bob)."
    assert (report.kind, report.tone, report.mention) == ("result", "green", ALICE)


def test_a_result_gives_the_whole_address_where_the_host_is_not_enough():
    look = Exec((("curl", "-sS", "http://127.0.0.1:8123/hello/"),))
    view = view_of("done", plan_of(replace(STEP, verify=(look,))), run=ended_run("done"))
    assert "done: http://127.0.0.1:8123/hello/ answers on web1" in result(view).text


@pytest.mark.parametrize(
    ("state", "attempts", "text"),
    [
        (
            "rolled_back",
            (attempt(3, state="failed", exit=1, output="bad directive"), attempt(0, "rollback")),
            "alice, failed: `nginx -t` said: bad directive."
            " Rolled back: removed the two files, reloaded. web1 is as it was at 14:01 UTC.",
        ),
        (
            "failed",
            (attempt(0), attempt(3, state="failed", words="It did not end within 300 s.")),
            "alice, failed: `nginx -t` failed: It did not end within 300 s."
            " Nothing was rolled back: look at web1 before you ask again.",
        ),
        (
            "failed",
            (attempt(0, state="failed", exit=1),),
            f"alice, failed: `test ! -e {AVAILABLE}` ended with 1 and said nothing."
            " Nothing was changed.",
        ),
        (
            "cancelled",
            (attempt(0), attempt(3, state="failed", fault="cancelled")),
            "alice, cancelled: 2 of 5 commands were done; nothing was rolled back."
            " `nginx -t` was ended in its middle.",
        ),
    ],
)
def test_a_result_of_failure(state, attempts, text):
    assert result(view_of(state, run=ended_run(state, *attempts, finished=2))).text == text


def test_a_cancelled_result_says_how_far_it_came():
    view = view_of("cancelled", run=ended_run("cancelled", finished=2))
    assert result(view).text == (
        "alice, cancelled: 2 of 5 commands were done; nothing was rolled back."
    )


def test_an_answer_has_the_fact_first_then_its_origin():
    report = answer(reading("/ 91% 42 of 46 GiB\n"))
    assert report.text == "/ 91% 42 of 46 GiB\n(df on web1; 14:02 UTC)"
    assert report.paragraphs[0].style == "code"
    assert (report.kind, report.attachments) == ("answer", ())


@pytest.mark.parametrize(("program", "first"), [("ps", "line 0"), ("journalctl", "line 20")])
def test_a_long_answer_is_ten_lines_and_a_file(program, first):
    output = "\n".join(f"line {number}" for number in range(30))
    report = answer(reading(output, Exec(((program,),))))
    shown = report.paragraphs[0].text.splitlines()
    assert (shown[0], len(shown)) == (first, 10)
    assert report.attachments[0].text == output
    assert "20 more lines in output.txt." in report.text


def test_no_output_is_said_in_words():
    assert answer(reading("")).text.startswith("There is nothing.\n(df on web1")


def test_a_read_that_fails_is_an_error_that_says_what_to_do():
    tried = attempt(0, action=DF, state="failed", output="df: /x: No such file")
    view = replace(reading(""), state="failed", run=ended_run("failed", tried))
    report = answer(view, ALICE)
    assert report.kind == "error"
    assert report.text == (
        "web1: `df -h /` said: /x: No such file.\n"
        "Nothing was changed. Look at web1, then ask again."
    )
    assert report.data["run"]["state"] == "failed"


def test_a_read_that_never_ran_is_an_error_too():
    report = answer(
        replace(reading(""), state="cancelled", run=None, words="Everything is stopped.")
    )
    assert (report.kind, report.data) == ("error", {})
    assert report.text.startswith("web1: Everything is stopped.\nNothing was changed.")


def test_a_question_shows_its_choices_as_words():
    asked = Question(
        "q1", "agent", ROOM, "web1 and web2 can do this. Which?", choices=("web1", "web2")
    )
    report = question(asked)
    assert report.text == "web1 and web2 can do this. Which?\nweb1 · web2"
    assert report.data == {"question": {"id": "q1", "choices": ["web1", "web2"], "about": {}}}


IN_DOUBT = f"""\
Plan 7f3a stopped at step 1, command 3: I do not know whether it happened.
   ln -s {AVAILABLE} {ENABLED}
It was started at 14:01:07 UTC; I was restarted at 14:01:08 UTC. Commands 1 and 2 are done, 4 and 5 were not started.
I looked: the link is there.
done · not done · retry · roll back          (bob, carol or another operator)"""


def test_a_run_in_doubt_asks_with_all_that_is_known():
    words, _, _ = IN_DOUBT.rpartition("\n")
    about = {"step": "1", "argv": ["ln", "-s", AVAILABLE, ENABLED]}
    choices = ("done", "not done", "retry", "roll back")
    asked = Question("q1", "in_doubt", ROOM, words, choices=choices, about=about)
    report = question(asked, ("bob", "carol", "another operator"))
    assert report.text == IN_DOUBT
    assert report.data["question"]["about"] == about
    assert [each.style for each in report.paragraphs[:3]] == ["plain", "code", "plain"]
    assert report.tone == "amber"


def test_an_answered_question_has_nothing_left_to_choose():
    asked = Question("q1", "agent", ROOM, "Which?", choices=("web1", "web2"))
    report = answered(asked, "web1", "bob")
    assert report.text == "Which?\nbob: web1"
    assert report.data["question"]["answer"] == "web1"


def test_a_late_request_is_quoted():
    assert late("what\nis `up`", NOW - timedelta(minutes=14), NOW) == (
        "You asked 14 min ago: \"what is 'up'\". Still wanted?"
    )


def test_a_refusal_names_the_nearest_and_what_was_meant():
    nearest = ("nginx-sites: add a static site", "linux-services: restart a service")
    assert refusal.refusal("I know no capability for that.", nearest).text == (
        "I know no capability for that.\n"
        "Nearest: nginx-sites: add a static site · linux-services: restart a service."
    )
    assert refusal.refusal("There is no agent `wbe1`", suggestion="web1").text == (
        "There is no agent `wbe1`.\nDid you mean `web1`?"
    )


def test_errors_say_what_happened_what_is_true_and_what_to_do():
    problem = TemporaryError("web1 did not answer on port 22 for 10 s", "Check the host, then 🔁.")
    assert refusal.error(problem.what, problem.mend).text == (
        "web1 did not answer on port 22 for 10 s. Check the host, then 🔁."
    )
    said = refusal.error("web1 is gone", "Ask again", changed="Nothing was changed")
    assert said.text == "web1 is gone. Nothing was changed. Ask again."


def test_a_vote_for_several_plans_is_asked_back():
    assert which_plan("approve", (PLAN, "b" * 32)).text == (
        "Which plan? Write `approve 7f3a` or `approve bbbb`."
    )


def test_lists():
    view = view_of(votes=(vote("bob"),), needed=("1 approval by a lead",))
    assert listing.plans_list([view]).text == (
        "Plans:\n`7f3a` pending · Add a reverse proxy for shop.example.org to port 8080 on web1"
        " · for alice"
    )
    assert "needs 1 approval by a lead" in listing.approvals_list([view]).text
    assert listing.agents_list([WEB1]).text == (
        "Agents:\n`web1` (also nginx) · level 2 · nginx-sites, linux-facts"
    )
    assert listing.capabilities_list([NGINX]).text == (
        "Capabilities:\nnginx-sites: add a reverse proxy · change"
    )
    assert listing.plans_list([]).text == "There are no plans."
    now = listing.Status(
        NOW, NOW - timedelta(hours=1), pending=2, connections=(("console", "connected"),)
    )
    assert listing.status(now).text == (
        "Up for 1 h. 2 waiting for approval · 0 running · 0 in doubt.\nconsole: connected"
    )


def test_help_gives_one_real_example_a_line():
    section = replace(NGINX, examples=("add a reverse proxy for shop.example.org to port 8080",))
    assert listing.help_card("infra", [section], [WEB1]).paragraphs[1].text == (
        "`@infra add a reverse proxy for shop.example.org to port 8080 on web1` change"
    )


def test_a_long_list_ends_in_a_file():
    report = listing.capabilities_list([NGINX] * 25)
    assert len(report.paragraphs) == 12
    assert len(report.attachments[0].text.splitlines()) == 25


def test_the_machine_s_half_has_exactly_the_keys_of_the_contract():
    plan = plan_card(view_of(votes=(vote("bob"),), needed=("1 approval",), expires_at=NOW)).data[
        "plan"
    ]
    assert list(plan) == [
        "id",
        "revision",
        "digest",
        "state",
        "risk",
        "requesters",
        "steps",
        "approval",
        "undoes",
        "claimed_by",
        "held_by",
        "ratings",
    ]
    (step,) = plan["steps"]
    assert set(step) >= {
        "id",
        "agent",
        "capability",
        "risk",
        "slots",
        "argv",
        "needs",
        "state",
    }
    assert step["argv"] == [
        ["test", "!", "-e", AVAILABLE],
        ["ln", "-s", AVAILABLE, ENABLED],
        ["nginx", "-t"],
        ["nginx", "-s", "reload"],
    ]
    assert step["writes"] == [{"path": AVAILABLE, "content": "server { listen 80; }\n"}]
    assert plan["approval"] == {
        "state": "pending",
        "needed": ["1 approval"],
        "votes": [
            {
                "person": "bob",
                "verdict": "approve",
                "at": "2026-11-20T14:02:00+00:00",
                "way": "reaction",
                "reason": "",
            }
        ],
        "expires_at": "2026-11-20T14:02:04+00:00",
    }
    run = result(view_of("done", run=ended_run("done"))).data["run"]
    assert list(run) == ["id", "plan", "state", "steps"]
    assert list(run["steps"][0]) == [
        "id",
        "state",
        "exit",
        "started_at",
        "ended_at",
        "output_tail",
    ]


def test_pipelines_keep_one_argv_a_stage_and_say_which_are_piped():
    pipe = Exec((("ps", "ax"), ("sort",), ("head", "-n", "3")))
    step = replace(STEP, actions=(DF, pipe))
    (data,) = plan_card(view_of(plan=plan_of(step))).data["plan"]["steps"]
    assert data["argv"] == [["df", "-h", "/"], ["ps", "ax"], ["sort"], ["head", "-n", "3"]]
    assert data["pipes"] == [[1, 2], [2, 3]]
