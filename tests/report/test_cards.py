"""Every card of cards.md, word for word, and a card for every state of a plan."""

from datetime import timedelta
from typing import get_args

import pytest
from msgspec.structs import replace

from bot.model import plans
from bot.model.approvals import Follow
from bot.model.runs import StepResult
from bot.model.sections import Exec, Risk
from bot.report.plan import TONES, bar, plan_card
from tests.report.making import (
    AVAILABLE,
    CURL,
    ENABLED,
    NGINX,
    NOW,
    STEP,
    attempt,
    ended_run,
    mark,
    plan_of,
    run_of,
    view_of,
    vote,
)

PENDING = """\
Plan 7f3a · change · for alice
Add a reverse proxy for shop.example.org to port 8080 on web1

1. web1 · nginx-sites: add a reverse proxy                              change
   domain shop.example.org · port 8080 · prefix /etc/nginx (from web1)
   run    test ! -e /etc/nginx/sites-available/shop.example.org
   write  /etc/nginx/sites-available/shop.example.org   (1 line, show)
   run    ln -s /etc/nginx/sites-available/shop.example.org /etc/nginx/sites-enabled/shop.example.org
   run    nginx -t
   run    nginx -s reload
   then   http://shop.example.org answers 2xx-4xx within 10 s
   else   remove the two files, reload

Now there: api.example.org, blog.example.org
Needs 1 approval by an operator (alice may). Expires 22:40 UTC.
reply to change it
✅ approve   ❌ reject"""


def test_a_plan_waiting():
    card = plan_card(
        view_of(
            looks={"1": "api.example.org\nblog.example.org\n"},
            needed=("1 approval by an operator (alice may)",),
            expires_at=NOW.replace(hour=22, minute=40),
        )
    )
    assert card.text.splitlines() == PENDING.splitlines()
    assert [each.text for each in card.attachments] == ["server { listen 80; }\n"]
    assert [control.action for control in card.controls] == ["approve", "reject"]


def test_running():
    card = plan_card(
        view_of(
            "running",
            votes=(vote("bob"),),
            decided_by="bob",
            run=run_of(finished=3, doing="nginx -t"),
        )
    )
    assert card.text == (
        "Plan 7f3a · approved by bob 14:02 UTC · running 3/5 · 4 s\n▓▓▓▓▓▓░░░░  nginx -t\n🛑 cancel"
    )
    assert card.tone == "blue"


def test_done():
    run = ended_run("done", attempt(0, "verify", output="200"))
    card = plan_card(view_of("done", votes=(vote("bob"),), decided_by="bob", run=run))
    assert card.text == (
        "Plan 7f3a · done in 6 s · approved by bob\n✓ http://shop.example.org answers 200\n"
        "👍 good   👎 bad"
    )
    assert card.tone == "green"


def test_done_with_something_to_undo_and_ratings():
    run = ended_run("done", attempt(0, "verify", output="200"))
    marks = (
        mark("bob", "rating", "good"),
        mark("alice", "rating", "bad"),
        mark("carol", "rating", "good"),
    )
    card = plan_card(view_of("done", decided_by="bob", run=run, marks=marks, left=True))
    assert card.text.splitlines()[2:] == ["👍 2 👎 1", "↩️ roll back   👍 good   👎 bad"]
    assert card.data["plan"]["ratings"] == {"bob": "good", "alice": "bad", "carol": "good"}


def test_what_grew_out_of_a_plan_is_on_its_card():
    asked = Follow("undo", "0" * 28 + "8c11", "carol", NOW)
    card = plan_card(view_of("done", run=ended_run("done"), follow=asked, left=True))
    assert "carol asked to roll it back: plan `8c11`" in card.text
    again = Follow("again", "0" * 28 + "8c11", "carol", NOW)
    assert "carol asked again: plan `8c11`" in plan_card(view_of("expired", follow=again)).text


def test_rolled_back_later_says_by_what():
    run = ended_run("done", *(attempt(number) for number in range(5)))
    words = "Rolled back by plan `8c11`."
    follow = Follow("undo", "0" * 28 + "8c11", "carol", NOW)
    view = view_of("rolled_back", decided_by="bob", run=run, words=words, follow=follow)
    assert plan_card(view).text == (
        "Plan 7f3a · done, rolled back later · approved by bob\n"
        "↩ removed the two files, reloaded on web1\n"
        "Rolled back by plan `8c11`.\n"
        "👍 good   👎 bad"
    )


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_a_roll_back_that_failed_is_on_the_card_of_what_it_was_to_undo(state):
    news = "The roll back by plan `8c11` failed: look there."
    run = ended_run(state, attempt(0), words="why")
    assert news in plan_card(view_of(state, run=run, words=news)).text
    assert "failed: look there" not in plan_card(view_of(state, run=run, words="why")).text


UNDOING = """\
Plan 7f3a · change · for bob
Roll back plan 8c11: add a reverse proxy

1. web1 · undo nginx-sites: add a reverse proxy                         change
   domain shop.example.org · port 8080 · prefix /etc/nginx (from web1)
   run    rm -f -- /etc/nginx/sites-enabled/shop.example.org /etc/nginx/sites-available/shop.example.org
   run    nginx -s reload
   else   nothing: a command that fails is named, and the others are run

Needs 1 approval by an operator.
✅ approve   ❌ reject"""


def undoing():
    request = "roll back plan 8c11: add a reverse proxy"
    return plan_of(undoes="r0", request=request, requesters=("bob",))


def test_a_roll_back_shows_exactly_what_it_runs_and_is_not_changed_by_words():
    card = plan_card(view_of(plan=undoing(), needed=("1 approval by an operator",)))
    assert card.text.splitlines() == UNDOING.splitlines()
    assert card.attachments == ()
    (step,) = card.data["plan"]["steps"]
    assert step["argv"] == [["rm", "-f", "--", ENABLED, AVAILABLE], ["nginx", "-s", "reload"]]
    assert step["writes"] == []


def test_a_roll_back_begins_with_the_last_step_and_shows_every_one():
    steps = [replace(STEP, id=str(number)) for number in range(1, 6)]
    text = plan_card(view_of(plan=plan_of(*steps, undoes="r0"))).text
    heads = [line[0] for line in text.splitlines() if " · undo nginx-sites: " in line]
    assert heads == ["5", "4", "3", "2", "1"]
    assert text.count("run    nginx -s reload") == 5


def test_a_roll_back_at_work_done_and_failed():
    run = run_of(finished=1, total=2, doing="nginx -s reload")
    card = plan_card(view_of("running", plan=undoing(), decided_by="bob", run=run))
    assert card.text == (
        "Plan 7f3a · approved by bob · rolling back 1/2 · 4 s\n▓▓▓▓▓░░░░░  nginx -s reload"
    )
    assert card.controls == ()
    run = ended_run("rolled_back", attempt(0, "rollback"), attempt(1, "rollback"))
    card = plan_card(view_of("done", plan=undoing(), decided_by="bob", run=run))
    assert card.text == (
        "Plan 7f3a · done in 6 s · approved by bob\n"
        "↩ removed the two files, reloaded on web1\n"
        "👍 good   👎 bad"
    )
    run = ended_run("failed", attempt(0, "rollback", "failed"), words="Could not be undone: `rm`.")
    card = plan_card(view_of("failed", plan=undoing(), decided_by="bob", run=run))
    assert card.text.splitlines()[1:] == [
        "✗ Could not be undone: `rm`.",
        "Look at web1; the rest was undone.",
        "🔁 try again   👍 good   👎 bad",
    ]


def test_held_says_by_whom_and_what_it_waits_for():
    marks = (mark("bob", "hold"), mark("carol", "hold"))
    needed, expires = ("1 approval by an operator",), NOW.replace(hour=22, minute=40)
    more = {"marks": marks, "expires_at": expires}
    text = plan_card(view_of("held", needed=needed, votes=(vote("dave"),), **more)).text
    assert text.splitlines()[0] == (
        "Plan 7f3a · change · for alice · held by bob and carol 14:01 UTC"
    )
    assert text.splitlines()[-2:] == [
        "dave approves. Needs 1 approval by an operator. Expires 22:40 UTC.",
        "✅ approve   ❌ reject   ▶️ resume   🛑 cancel",
    ]
    card = plan_card(view_of("held", approval_state="approved", decided_by="dave", **more))
    assert card.text.splitlines()[0] == (
        "Plan 7f3a · approved by dave · held by bob and carol 14:01 UTC"
    )
    assert card.text.splitlines()[-2:] == ["Expires 22:40 UTC.", "▶️ resume   🛑 cancel"]
    assert card.tone == "amber"


def test_a_run_that_is_held_keeps_its_bar_and_one_that_will_be_says_so():
    marks = (mark("bob", "hold"),)
    run = run_of("held", finished=3, doing="nginx -t")
    card = plan_card(
        view_of("held", approval_state="approved", decided_by="bob", run=run, marks=marks)
    )
    assert card.text == (
        "Plan 7f3a · approved by bob · held by bob 14:01 UTC · 3/5\n"
        "▓▓▓▓▓▓░░░░  nginx -t\n▶️ resume   🛑 cancel"
    )
    run = run_of(finished=3, doing="nginx -t")
    text = plan_card(view_of("running", decided_by="bob", run=run, marks=marks)).text
    assert text.splitlines()[2:] == [
        "⏸ held by bob: nothing further is begun",
        "▶️ resume   🛑 cancel",
    ]


def test_who_looks_at_it_is_there_until_the_end():
    marks = (mark("bob", "claim"), mark("`rm`\n✅", "claim"))
    text = plan_card(view_of(marks=marks)).text
    assert "👀 bob and 'rm' ✅ look at it" in text
    assert "look at it" not in plan_card(view_of("done", run=ended_run("done"), marks=marks)).text


def test_failed_and_rolled_back():
    output = (
        'nginx: [emerg] unknown directive "proxy_passs" in sites-enabled/shop.example.org:1\n'
        "configuration file test failed\n"
    )
    run = ended_run(
        "rolled_back",
        attempt(0),
        attempt(3, state="failed", exit=1, output=output),
        attempt(0, "rollback"),
        attempt(1, "rollback"),
    )
    card = plan_card(view_of("rolled_back", decided_by="bob", run=run))
    assert card.text == (
        "Plan 7f3a · failed, rolled back · approved by bob\n"
        '✗ `nginx -t` said: unknown directive "proxy_passs" in sites-enabled/shop.example.org:1   (output)\n'
        "↩ removed the two files, reloaded. web1 is as it was at 14:01 UTC.\n"
        "🔁 try again   👍 good   👎 bad"
    )
    assert [each.text for each in card.attachments] == [output]
    assert card.tone == "red"


@pytest.mark.parametrize(
    ("state", "more", "text"),
    [
        ("superseded", {"superseded_by": 2}, "Plan 7f3a · superseded by revision 2"),
        (
            "rejected",
            {"decided_by": "carol", "votes": (vote("carol", "reject", "wait for the release"),)},
            'Plan 7f3a · rejected by carol: "wait for the release"',
        ),
        (
            "expired",
            {"expires_at": NOW.replace(hour=22, minute=40)},
            "Plan 7f3a · expired 22:40 UTC, nobody approved\n🔁 ask again",
        ),
        (
            "stale",
            {
                "words": "sites-enabled has changed since you approved: + shop.example.org",
                "superseded_by": 2,
            },
            "Plan 7f3a · stale: sites-enabled has changed since you approved: + shop.example.org."
            " Revision 2 is below.",
        ),
        (
            "cancelled",
            {"decided_by": "alice"},
            "Plan 7f3a · cancelled by alice\nNothing was changed.",
        ),
        (
            "cancelled",
            {"run": run_of("cancelled", finished=2)},
            "Plan 7f3a · cancelled\n2 of 5 commands were done; nothing was rolled back.",
        ),
    ],
)
def test_the_other_ends(state, more, text):
    card = plan_card(view_of(state, **more))
    assert card.text == text
    assert not {"approve", "reject", "cancel"} & {each.action for each in card.controls}


OPEN = {"approve", "reject", "cancel", "hold", "resume"}
RATE = {"good", "bad"}
CONTROLS = {
    "pending": {"approve", "reject"},
    "approved": {"cancel"},
    "queued": {"cancel", "hold"},
    "held": OPEN - {"hold"},
    "running": {"cancel"},
    "in_doubt": set(),
    "waiting": {"cancel"},
    "done": RATE,
    "failed": {"retry", *RATE},
    "rolling_back": set(),
    "rolled_back": {"retry", *RATE},
    "rejected": set(),
    "expired": {"retry"},
    "superseded": set(),
    "cancelled": set(),
    "stale": {"retry"},
}


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_only_what_can_be_undone_offers_it(state):
    run = ended_run(state, attempt(0))
    for left in (True, False):
        card = plan_card(view_of(state, run=run, left=left))
        assert ("undo" in [each.action for each in card.controls]) == left


def test_a_stale_plan_with_a_successor_offers_nothing():
    assert plan_card(view_of("stale", superseded_by=2)).controls == ()


def test_superseded_is_struck_through():
    (headline,) = plan_card(view_of("superseded", superseded_by=2)).paragraphs
    assert headline.style == "struck"


@pytest.mark.parametrize("state", get_args(plans.State))
def test_every_state_has_a_card(state):
    runs = state if state in {"running", "in_doubt", "waiting", "held"} else "done"
    for run in (None, run_of(runs, finished=1, doing="nginx -t")):
        card = plan_card(view_of(state, run=run, decided_by="bob"))
        assert card.text.startswith("Plan 7f3a")
        assert card.kind == "plan"
        assert card.data["plan"]["state"] == state
        assert card.tone == TONES[state]
        actions = {each.action for each in card.controls}
        assert actions <= CONTROLS[state]
        assert not (state in plans.ENDS and actions & OPEN)


def test_a_queued_plan_shows_what_was_approved_and_what_it_waits_for():
    text = plan_card(
        view_of("queued", decided_by="bob", words="Plan 8c11 has web1; this one is next.")
    ).text
    assert "run    nginx -s reload" in text
    assert text.splitlines()[0] == "Plan 7f3a · approved by bob · queued"
    assert "Plan 8c11 has web1; this one is next." in text


def test_a_rollback_that_failed_names_what_could_not_be_undone():
    bad = (attempt(3, state="failed", exit=1), attempt(0, "rollback", "failed"))
    run = ended_run("failed", attempt(0), *bad)
    text = plan_card(view_of("failed", run=run)).text
    assert "Could not be undone: `rm -f -- /etc/nginx/sites-enabled/shop.example.org" in text
    assert "`nginx -t` ended with 1 and said nothing" in text


def test_a_verify_that_never_came_true_says_what_was_seen_instead():
    run = ended_run("rolled_back", attempt(0, "verify", "failed", output="curl: 502"))
    assert "✗ http://shop.example.org did not answer 2xx-4xx within 10 s: 502" in (
        plan_card(view_of("rolled_back", run=run)).text
    )


def test_more_than_three_steps_are_a_line_each_and_the_rest_is_a_file():
    many = [replace(STEP, id=str(number)) for number in range(1, 5)]
    card = plan_card(view_of(plan=plan_of(*many)))
    assert "run    nginx -t" not in card.text
    assert card.text.count("nginx-sites: add a reverse proxy") == 4
    whole = next(each for each in card.attachments if each.name == "plan-7f3a.txt")
    assert whole.text.count("run    nginx -t") == 4


def test_a_destroying_step_shows_every_command_and_what_is_lost_even_among_many():
    section = replace(NGINX, risk=Risk.DESTROY, verify=None, irreversible=True)
    rm = Exec((("rm", "-r", "/srv/shop"),))
    step = replace(STEP, id="4", section=section, actions=(rm,), verify=(), rollback=())
    many = [replace(STEP, id=str(number)) for number in range(1, 4)]
    text = plan_card(view_of(plan=plan_of(*many, step))).text
    assert "run    rm -r /srv/shop" in text
    assert "lost   /srv/shop and all that is in it; it cannot be undone" in text
    assert "else   nothing: it cannot be undone" in text


@pytest.mark.parametrize(
    ("expect", "words"),
    [
        (r"^[234]\d\d$", "answers 2xx-4xx"),
        (r"^2\d\d$", "answers 2xx"),
        ("^200$", "answers 200"),
        (r"hello|bye", "answers /hello|bye/"),
    ],
)
def test_what_verify_wants_in_words(expect, words):
    section = replace(NGINX, verify=replace(NGINX.verify, expect=expect))
    step = replace(STEP, section=section, verify=(CURL,))
    assert f"then   http://shop.example.org {words} within 10 s" in (
        plan_card(view_of(plan=plan_of(step))).text
    )


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("rm", "-f", "--", ENABLED, AVAILABLE), "remove the two files"),
        (("rm", "-f", "-d", "--", AVAILABLE, ENABLED), f"remove {AVAILABLE} {ENABLED}"),
        (("rm", "-f", "/etc/hosts", AVAILABLE), f"remove /etc/hosts {AVAILABLE}"),
        (("rm", "-f", AVAILABLE), f"remove {AVAILABLE}"),
        (("systemctl", "restart", "nginx"), "restart nginx"),
        (("mv", "a", "b c"), "run mv a 'b c'"),
    ],
)
def test_a_rollback_in_words_hides_nothing_that_the_card_does_not_show(argv, words):
    step = replace(STEP, rollback=(Exec((argv,)),))
    assert f"   else   {words}\n" in plan_card(view_of(plan=plan_of(step))).text


def test_an_address_keeps_its_path():
    look = Exec((("curl", "-sS", "http://127.0.0.1:8080/hello/"),))
    text = plan_card(view_of(plan=plan_of(replace(STEP, verify=(look,))))).text
    assert "then   http://127.0.0.1:8080/hello/ answers 2xx-4xx" in text


def test_a_pipeline_and_odd_words_are_quoted_for_reading():
    pipe = Exec((("printf", "a b\n", "$(id)"), ("wc", "-c")))
    text = plan_card(view_of(plan=plan_of(replace(STEP, actions=(pipe,))))).text
    assert "   run    printf 'a b<U+000A>' '$(id)' | wc -c\n" in text


def test_the_bar_is_full_only_at_the_end():
    assert (bar(0, 5), bar(4, 5), bar(5, 5), bar(0, 0)) == (
        "░" * 10,
        "▓" * 8 + "░" * 2,
        "▓" * 10,
        "░" * 10,
    )


def test_a_vote_so_far_is_on_the_card():
    text = plan_card(view_of(votes=(vote("bob"),), needed=("1 approval by a lead",))).text
    assert "bob approves. Needs 1 approval by a lead." in text


def test_a_date_stands_before_the_time_of_another_day():
    text = plan_card(view_of(expires_at=NOW + timedelta(days=1))).text
    assert "Expires 2026-11-21 14:02 UTC." in text


def test_the_state_of_a_step_is_the_run_s():
    run = run_of(steps=(StepResult("1", "running"),))
    assert plan_card(view_of("running", run=run)).data["plan"]["steps"][0]["state"] == "running"
