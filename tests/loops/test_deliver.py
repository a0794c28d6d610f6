"""The sender of one chat: what came out, what did not and why, and what is done instead."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from bot.cases.questions import question_key
from bot.clock import SystemClock
from bot.loops.deliver import Delivery
from bot.model.errors import LoginError, ParleyError, TemporaryError
from bot.model.events import Batch, Event
from bot.model.people import Conversation
from bot.model.ports import Shown
from bot.model.questions import Question
from bot.model.reports import Outgoing
from bot.report.refusal import note
from bot.store import outbox, posts, questions
from tests.loops.conftest import ARCHIVED, ASKED, OPERATORS, Scene, cards, texts
from tests.loops.test_metrics import parsed


@dataclass
class Taking:
    """A chat that takes everything in order, after it has raised each of `errors` once."""

    errors: list[Exception] = field(default_factory=list)
    got: list[Outgoing] = field(default_factory=list)

    async def listen(self, cursor: str | None) -> AsyncIterator[Batch]:
        yield Batch(())

    async def send(self, outgoing: Outgoing) -> str:
        if self.errors:
            raise self.errors.pop(0)
        self.got.append(outgoing)
        return outgoing.message or f"r{outgoing.number}"

    async def reconcile(self, shown: Sequence[Shown]) -> Sequence[Event]:
        return ()


async def sent(scene: Scene, chat: Taking, *, until: int, instance: str = "slack") -> None:
    """Deliver until the chat has got so many, or the login has died."""
    scene.house = replace(scene.house, clock=SystemClock())
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        delivery = Delivery(scene.house, instance, chat, group)
        running = group.create_task(delivery.deliver())
        while not delivery.dead:
            left = await scene.house.store.read(lambda c: outbox.undelivered(c, instance))
            if len(chat.got) >= until and not left:
                break
            await asyncio.sleep(0.01)
        running.cancel()


async def says(scene: Scene, key: str, where: Conversation = ASKED) -> None:
    await scene.write(lambda c: outbox.post(c, key, where, note(key), at=scene.clock.now()))


async def test_an_edit_taken_with_its_post_changes_that_post(scene: Scene) -> None:
    await says(scene, "a")
    (first,) = await scene.claim()
    now = scene.clock.now()
    await scene.write(lambda c: outbox.retry(c, first.number, "later", now))
    await scene.write(lambda c: outbox.edit(c, "a", note("changed"), now))
    chat = Taking()
    await sent(scene, chat, until=2)
    assert [(each.kind, each.message) for each in chat.got] == [("post", None), ("edit", "r1")]


async def test_an_edit_goes_with_its_post_when_that_is_refused(scene: Scene) -> None:
    await says(scene, "a")
    (first,) = await scene.claim()
    now = scene.clock.now()
    await scene.write(lambda c: outbox.retry(c, first.number, "later", now))
    await scene.write(lambda c: outbox.edit(c, "a", note("changed"), now))
    await says(scene, "b")
    chat = Taking([ARCHIVED])
    await sent(scene, chat, until=1)
    assert [each.key for each in chat.got] == ["b"]


async def test_what_came_out_and_what_did_not_is_counted(scene: Scene) -> None:
    await says(scene, "a")
    await says(scene, "b", Conversation("slack", "C2", "1.0"))
    soon = TemporaryError("Slack is busy.", after=0.01, reason="rate_limited")
    chat = Taking([soon, ARCHIVED, RuntimeError("a mistake in the adapter")])
    await says(scene, "c")
    await sent(scene, chat, until=1)
    found = parsed(scene.house.metrics.text())
    name = "parley_delivery_failures_total"
    assert found[name, "slack", "rate_limited", "no"] == 1
    assert found[name, "slack", "is_archived", "yes"] == 1
    assert found[name, "slack", "permanent", "yes"] == 1
    assert found["parley_posts_total", "slack", "post"] == 1


async def test_a_refusal_for_good_is_told_to_the_operators_at_once(scene: Scene) -> None:
    await says(scene, "a")
    await says(scene, "b")
    chat = Taking([ARCHIVED])
    await sent(scene, chat, until=1)
    assert [each.key for each in chat.got] == ["b"]
    assert "`slack` `C1` missed an answer." in texts(await scene.deliver(), OPERATORS)[0]
    lost = await scene.house.store.read(lambda c: posts.failed(c, scene.clock.now()))
    assert [(each.key, each.words) for each in lost] == [("a", str(ARCHIVED))]


@pytest.mark.parametrize("error", [LoginError("The token is revoked.", "Put in a new one.")])
async def test_a_dead_login_keeps_what_was_to_be_said(scene: Scene, error: ParleyError) -> None:
    await says(scene, "a")
    chat = Taking([error])
    await sent(scene, chat, until=1)
    assert scene.house.down == {"slack": str(error)}
    assert await scene.house.store.read(lambda c: outbox.undelivered(c, "slack")) == 1
    assert await scene.house.store.read(lambda c: posts.failed(c, scene.clock.now())) == []


async def test_a_question_on_which_a_run_waits_is_put_to_the_operators(scene: Scene) -> None:
    scene.house = replace(scene.house, approval_rooms=())
    stored = await scene.asks()
    asked = Question(
        *("q1", "in_doubt", ASKED, "Did it happen?", ("done", "not done")),
        plan=stored.plan.id,
        run="r1",
    )
    slot = Question("q2", "slot", ASKED, "Which port?", slot="port")
    for each in (asked, slot):
        await scene.write(lambda c, q=each: questions.ask(c, q, scene.clock.now()))
    await scene.publish()
    said = await scene.deliver(slack=ARCHIVED)
    moved = [e for e in said if e.conversation == OPERATORS and e.report.kind == "question"]
    assert [each.key for each in moved] == [f"{question_key('q1')}/operators"]
    assert len(cards(said, OPERATORS)) == 1


@pytest.mark.parametrize(
    ("behind", "until"),
    [
        (TemporaryError("Slack is busy.", after=0.01, reason="rate_limited"), 1),
        (LoginError("The token is revoked.", "Put in a new one."), 0),
    ],
)
async def test_an_edit_that_went_with_its_post_is_not_tried_again_with_what_stands_before_it(
    scene: Scene, behind: ParleyError, until: int
) -> None:
    """Post, other post, edit of the first, taken together: the first is refused for good, the other for now."""
    await says(scene, "a")
    (first,) = await scene.claim()
    now = scene.clock.now()
    await scene.write(lambda c: outbox.retry(c, first.number, "later", now))
    await says(scene, "b")
    await scene.write(lambda c: outbox.edit(c, "a", note("changed"), now))
    chat = Taking([ARCHIVED, behind])
    await sent(scene, chat, until=until)
    assert [each.key for each in chat.got] == ["b"][:until]
    assert await scene.house.store.read(lambda c: outbox.undelivered(c, "slack")) == 1 - until


async def test_a_reference_with_half_a_character_ends_nobody(scene: Scene) -> None:
    @dataclass
    class Torn(Taking):
        async def send(self, outgoing: Outgoing) -> str:
            return f"{await super().send(outgoing)}\ud83d"

    await scene.asks()
    await says(scene, "a")
    chat = Torn()
    await sent(scene, chat, until=2)
    for each in chat.got:
        noted = await scene.house.store.read(lambda c, key=each.key: outbox.reference(c, key))
        assert noted == f"r{each.number}?"


async def test_nothing_is_claimed_for_a_chat_whose_login_is_dead(scene: Scene) -> None:
    """One post comes out while another finds that the login is dead; what stands behind the first is not taken with it."""

    @dataclass
    class Dying(Taking):
        sending: asyncio.Event = field(default_factory=asyncio.Event)
        more: asyncio.Event = field(default_factory=asyncio.Event)
        died: asyncio.Event = field(default_factory=asyncio.Event)

        async def send(self, outgoing: Outgoing) -> str:
            if outgoing.key == "dies":
                await self.more.wait()
                self.died.set()
                raise LoginError("The token is revoked.", "Put in a new one.")
            self.sending.set()
            await self.died.wait()
            return await super().send(outgoing)

    await says(scene, "a")
    await says(scene, "dies", Conversation("slack", "C2", "1.0"))
    chat = Dying()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        delivery = Delivery(scene.house, "slack", chat, group)
        group.create_task(delivery.deliver())
        await chat.sending.wait()
        await says(scene, "behind a")
        chat.more.set()
    assert [each.key for each in chat.got] == ["a"]
    assert await scene.house.store.read(lambda c: outbox.undelivered(c, "slack")) == 2
