"""Plans whose steps take what earlier ones put out: from drafts over the card and the approval to the result."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.cases.compose import Composed
from bot.cases.renew import drafts
from bot.cases.undo import undo
from bot.model.events import Click
from bot.model.plans import Draft, Output, Plan, digest
from bot.model.sections import Exec, OpenExec, Refusal
from bot.store import plans
from bot.store.documents import dump, load
from tests.execution.test_runs import until
from tests.execution.yard import BOB, GOOD, ROOM, Open, Yard, create, draft, serve, watch


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    made = Yard(tmp_path)
    made.answers("create", GOOD)
    return made


@pytest.fixture
async def house(yard: Yard) -> AsyncIterator[Open]:
    async with yard.opened() as opened:
        yield opened


async def composed(house: Open, *wanted: Draft) -> Composed:
    made = await house.composed(*wanted)
    assert isinstance(made, Composed), made
    return made


async def refused(house: Open, *wanted: Draft) -> str:
    made = await house.composed(*wanted)
    assert isinstance(made, Refusal), made
    return made.why


async def test_what_one_step_puts_out_is_what_the_next_are_given(house: Open) -> None:
    house.yard.answers("serve", b"listening, port=8080\n")
    made = await composed(
        house, create(), serve(), watch(needs=("s2",), note=Output("s1", "title"))
    )
    run = await house.house.store.write(lambda c: house.approve(c, made))
    assert house.yard.log == []
    done = await house.go_on(run)
    assert (done.state, done.words) == ("done", "")
    assert house.yard.log == [
        "create one",
        "serve 10.0.0.5 id-104.x",
        "reload serve",
        "watch 104 -- It's ; here",
    ]
    assert house.yard.site == {"10.0.0.5.conf": '{"ip": "10.0.0.5", "id": 104}\n'}
    _, told = await house.report(run)
    assert "1. web1 · ip 10.0.0.5 · id 104 · title It's ; here · word abc" in told.text
    assert "2. web1 · port 8080" in told.text
    assert told.data["run"]["steps"][1]["outputs"] == {"port": "8080"}


async def test_the_card_shows_the_graph_and_says_what_is_not_known_yet(house: Open) -> None:
    made = await composed(house, create(id="vm"), serve("vm", on="web2", id="site", needs=("vm",)))
    run = await house.house.store.write(lambda c: house.approve(c, made))
    card, _ = await house.report(run)
    lines = [line.strip() for line in card.text.splitlines()]
    assert "after  1" in lines
    assert any(line.startswith("ip ‹ip of step 1› · id ‹id of step 1›") for line in lines)
    record = house.yard.folder / "bin/record"
    assert f"run    {record} serve ‹ip of step 1› id-‹id of step 1›.x" in lines
    assert "known only during the run" in lines
    step = card.data["plan"]["steps"][1]
    assert (step["id"], step["needs"]) == ("site", ["vm"])
    assert step["slots"]["ip"] == {"output": {"step": "vm", "name": "ip", "type": "ip"}}
    assert step["argv"][0][1:] == ["serve", "‹ip of step 1›", "id-‹id of step 1›.x"]
    await house.go_on(run)
    card, _ = await house.report(run)
    assert "10.0.0.5" in card.text
    assert "‹" not in card.text


async def test_a_long_plan_says_on_each_line_what_it_waits_for(house: Open) -> None:
    run = await house.approved(create(), create("two"), serve(), watch("s2", needs=("s3",)))
    card, _ = await house.report(run)
    assert "4. web1 · yard: watch a thing · after 2, 3" in card.text


async def test_the_digest_is_over_the_nodes(house: Open) -> None:
    made = await composed(house, create(), create("two"), watch("s1"))
    other = await composed(house, create(), create("two"), watch("s2"))
    node = b'{"name":"id","rule":"100..999; example 100","step":"s1","type":"int"}'
    assert node in made.document
    assert made.document.count(node) >= 3, "as a slot, in the body and in the rollback"
    assert node not in other.document
    assert load(Plan, made.document) == made.plan
    assert dump(load(Plan, made.document)) == made.document
    open_ones = [each for each in made.plan.steps[2].actions if isinstance(each, OpenExec)]
    assert len(open_ones) == 1, "what is open is no action that a target could be given"


async def test_a_plan_of_before_there_were_outputs_loads(house: Open) -> None:
    made = await composed(house, create())
    old = made.document.replace(b'"outputs":{},', b"")
    assert old != made.document
    assert load(Plan, old) == made.plan


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ((create(needs=("s2",)), create("two", needs=("s1",))), "Steps 1 and 2 wait for each other"),
        (
            (create(), watch("s3", needs=("s1",)), create("two", needs=("s2",))),
            "Steps 2 and 3 wait for each other",
        ),
        ((create(needs=("s1",)),), "Step 1 waits for itself"),
        ((create(), create("two", needs=("s9",))), "Step 2 waits for 's9', which is no step"),
        ((create(), watch("nine")), "Step 2 waits for 'nine'"),
        ((create(id="a"), create(id="a"), watch("a")), "Two steps are called 'a'"),
        (
            (create(), draft("fill-a-place", place=Output("s1", "gone"))),
            "Step 1 puts out no 'gone': yard/create-a-thing puts out ip, id, place, title, door, word.",
        ),
        (
            (watch(number="100", id="w"), draft("fill-a-place", place=Output("w", "x"))),
            "yard/watch-a-thing puts out nothing",
        ),
        ((create(), serve(ip=Output("s1", "id"))), "ip takes ip, and id of the earlier step is int"),
        ((create(), serve(number=Output("s1", "word"))), "id takes int, and word"),
        (
            (create(), draft("tag-a-thing", tags=Output("s1", "word"), token="secret:x")),
            "tags is a list: no step may fill it",
        ),
        (
            (create(), draft("tag-a-thing", tags=("a",), token=Output("s1", "word"))),
            "token is a secret: no step may fill it",
        ),
        ((create(), serve(root=Output("s1", "place"))), "root comes from the agent's configuration"),
        ((create(), serve(nothing=Output("s1", "word"))), "has no slot 'nothing'"),
        ((create(), draft("serve-a-thing", ip=Output("s1", "ip"))), "id is missing"),
    ],
)  # fmt: skip
async def test_what_can_never_work_is_refused_with_a_sentence(
    house: Open, wanted: tuple[Draft, ...], why: str
) -> None:
    assert why in await refused(house, *wanted)


async def test_names_that_are_names_are_kept_and_others_get_a_number(house: Open) -> None:
    wanted = (create(id="s2"), create(id="no name"), create(id="vm"), watch("no name", id="vm-2"))
    made = await composed(house, *wanted)
    assert [step.id for step in made.plan.steps] == ["s2", "s3", "vm", "vm-2"]
    assert made.plan.steps[3].needs == ("s3",)


async def test_a_revision_of_the_same_drafts_is_the_same_graph(house: Open) -> None:
    made = await composed(house, create(id="vm"), serve("vm", id="x"), watch("vm", needs=("x",)))
    again = await composed(house, *drafts(made.plan))
    assert again.plan.steps == made.plan.steps


def test_a_draft_with_outputs_can_wait_in_a_question() -> None:
    wanted = serve("vm", id="site", needs=("vm",))
    assert load(Draft, dump(wanted)) == wanted
    assert load(Draft, b'{"agent": "a", "section": "s", "slots": {}}') == Draft("a", "s")


async def test_a_forged_graph_is_not_claimed(house: Open) -> None:
    """The digest is right, and what it is of was never composed."""
    made = await composed(house, create(), watch())
    steps = (made.plan.steps[0], replace(made.plan.steps[1], needs=()))
    forged = replace(made.plan, steps=steps)
    composed_again = replace(made, plan=forged, document=dump(forged))
    asked = replace(made.request, digest=digest(composed_again.document))
    kept = replace(composed_again, request=asked)
    run = await house.house.store.write(lambda c: house.approve(c, kept))
    ended = await house.go_on(run)
    assert (ended.state, house.yard.log) == ("failed", [])
    assert "which it does not wait for" in ended.words


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"id": 104, "net": {}}, "It put out no ip, which step 2 needs."),
        (b"no JSON at all", "It put out no id, which step 2 needs."),
        ({"id": 104, "net": {"ip": "10.0.0.5 x"}}, "It put out no ip that step 2 can use"),
        ({"id": 104, "net": {"ip": "-rf"}}, "what it said is no ip"),
        ({"id": True, "net": {"ip": "10.0.0.5"}}, "It put out no id, which step 2 needs."),
        (b"[" * 100_000, "It put out no id, which step 2 needs."),
        (b'{"id": ' + b"9" * 5000 + b"}", "It put out no id, which step 2 needs."),
        (b" " * 10_000_000 + b'{"id": 104}', "so much that its middle was left out"),
    ],
)  # fmt: skip
async def test_an_output_that_others_need_and_did_not_get_fails_its_step(
    house: Open, said: object, why: str
) -> None:
    house.yard.answers("create", said)
    ended = await house.run(create(), serve())
    assert ended.state == "rolled_back"
    assert house.yard.log == ["create one", "uncreate one"], "it was done, so it is undone"
    assert why in ended.words
    assert [step.state for step in ended.steps] == ["rolled_back", "skipped"]
    card, told = await house.report(ended.id)
    assert why in card.text
    assert why in told.text


async def test_an_output_that_nobody_needs_may_be_missing(house: Open) -> None:
    house.yard.answers("create", {"id": 104, "net": {"ip": "nonsense"}})
    ended = await house.run(create(), watch())
    assert ended.state == "done"
    _, told = await house.report(ended.id)
    assert "no ip: what it said is no ip" in told.text
    assert "no place: it was not there" in told.text


async def test_a_value_meets_the_rule_of_the_slot(house: Open) -> None:
    house.yard.answers("create", {**GOOD, "id": 99})
    ended = await house.run(create(), watch())
    assert ended.state == "rolled_back"
    assert house.yard.log == ["create one", "uncreate one"]
    assert (
        "Step 2 was not begun: id takes a whole number; '99' is not within 100..999." in ended.words
    )
    assert [step.state for step in ended.steps] == ["rolled_back", "failed"]
    card, _ = await house.report(ended.id)
    assert "✗ Step 2 was not begun" in card.text


async def test_a_path_stays_under_its_root_and_off_the_floor(house: Open, tmp_path: Path) -> None:
    fill = draft("fill-a-place", place=Output("s1", "place"))
    for place in (f"{tmp_path}/elsewhere", f"{tmp_path}/site/../x", "/"):
        house.yard.answers("create", {**GOOD, "place": place})
        assert (await house.run(create(), fill)).state == "rolled_back"
    (tmp_path / "site" / "link").symlink_to(tmp_path / "data")
    house.yard.answers("create", {**GOOD, "place": f"{tmp_path}/site/link/x"})
    ended = await house.run(create(), fill)
    assert "belongs to the bot itself" in ended.words
    house.yard.answers("create", {**GOOD, "place": f"{tmp_path}/site/x"})
    assert (await house.run(create(), fill)).state == "done"
    assert (tmp_path / "site" / "x").is_dir()


@pytest.mark.parametrize(
    "title",
    ["a b; touch PWNED", "$(touch PWNED)", "`touch PWNED`", "' ; touch PWNED '", '"; touch PWNED #'],
)  # fmt: skip
async def test_a_hostile_text_is_one_word_whatever_it_says(house: Open, title: str) -> None:
    house.yard.answers("create", {**GOOD, "title": title})
    ended = await house.run(create(), watch(note=Output("s1", "title")))
    assert ended.state == "done"
    made = next(each.action for each in ended.attempts if each.step == "s2")
    assert isinstance(made, Exec)
    assert made.stages[0][1:] == ("watch", "104", "--", title)
    assert house.yard.log[1] == f"watch 104 -- {title}"
    assert not list(house.yard.folder.rglob("PWNED"))


@pytest.mark.parametrize("title", ["-x", "a\nb", "a\0b", "ünïcode", "\u202eevil", "", "x" * 1001])
async def test_what_is_no_text_is_refused(house: Open, title: str) -> None:
    house.yard.answers("create", {**GOOD, "title": title})
    ended = await house.run(create(), watch(note=Output("s1", "title")))
    assert ended.state == "rolled_back"
    assert house.yard.log == ["create one", "uncreate one"]


async def test_a_value_that_would_be_masked_is_none(yard: Yard) -> None:
    yard.answers("create", {**GOOD, "title": "it is hunter2hunter2!"})
    async with yard.opened("hunter2hunter2") as house:
        ended = await house.run(create(), watch(note=Output("s1", "title")))
    assert ended.state == "rolled_back"
    assert "it looks like a secret" in ended.words
    database = b"".join(each.read_bytes() for each in yard.folder.glob("data/*.db*"))
    assert b"hunter2hunter2" not in database


async def test_what_is_a_secret_by_its_place_is_none(house: Open) -> None:
    said = b'{"id": 104, "net": {"ip": "10.0.0.5"}, "password": "swordfish-12"}'
    house.yard.answers("create", said)
    ended = await house.run(create(), create(name=Output("s1", "door")))
    assert ended.state == "rolled_back"
    assert house.yard.log == ["create one", "uncreate one"]
    assert "it looks like a secret" in ended.words
    database = b"".join(each.read_bytes() for each in house.yard.folder.glob("data/*.db*"))
    assert b"swordfish" not in database


async def test_a_failure_undoes_all_of_the_graph_last_first(house: Open) -> None:
    house.yard.touch("fail-watch")
    ended = await house.run(create(), serve(), watch(needs=("s2",)))
    assert ended.state == "rolled_back"
    assert house.yard.log == [
        *("create one", "serve 10.0.0.5 id-104.x", "reload serve", "watch 104 -- hello"),
        *("unserve 10.0.0.5", "uncreate one"),
    ]
    assert house.yard.site == {}


async def test_two_that_need_nothing_of_each_other_meet_in_a_third(house: Open) -> None:
    ended = await house.run(
        serve("b", ip=Output("a", "ip"), on="web2"), create("x", id="a"), create("y", id="b")
    )
    assert ended.state == "done"
    assert sorted(house.yard.log[:2]) == ["create x", "create y"]
    assert house.yard.log[2:] == ["serve 10.0.0.5 id-104.x", "reload serve"]


async def test_a_person_is_asked_with_the_value(house: Open) -> None:
    run = (await house.run(create(), draft("hand-over-a-thing", ip=Output("s1", "ip")))).id
    (question,) = await house.questions()
    assert "Write 10.0.0.5 on the door." in question.text
    await house.answer(question, "done")
    assert (await house.go_on(run)).state == "done"


async def test_a_cancelled_graph_is_rolled_back_by_a_plan_that_shows_every_word(
    house: Open,
) -> None:
    house.yard.touch("block-reload")
    run = await house.approved(create(), serve(), watch(needs=("s2",)))
    task = asyncio.create_task(house.house.runner.run(run))
    await until(house.yard.folder / "in-reload")
    assert await house.house.runner.cancel(run)
    await task
    assert (await house.load(run)).state == "cancelled"
    _, told = await house.report(run)
    assert "1. web1 · ip 10.0.0.5" in told.text
    undoing = await rolled_back(house, run)
    card, _ = await house.report(undoing)
    assert "unserve 10.0.0.5" in card.text
    assert "‹" not in card.text
    assert (await house.go_on(undoing)).state == "rolled_back"
    assert house.yard.log[-2:] == ["unserve 10.0.0.5", "uncreate one"]


async def rolled_back(house: Open, run: str) -> str:
    """The run of a plan that rolls that one back, asked for and approved by bob."""
    now = house.house.clock.now()
    plan = (await house.load(run)).plan
    stored = await house.house.store.read(lambda c: plans.fetch(c, plan))
    click = Click("c1", BOB, "p1", "undo", now, ROOM)
    await house.house.store.write(lambda c: undo(c, house.house, click, stored))
    (pending,) = await house.house.store.read(lambda c: plans.in_state(c, "pending"))
    return await house.house.store.write(lambda c: house.vote(c, pending.plan.id))
