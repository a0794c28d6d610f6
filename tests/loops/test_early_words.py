"""What stands behind words or marks that came too early: thought about once, and looked at together with all the others."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace
from sqlalchemy import Connection

from bot.house import House
from bot.model.events import Message, Reaction
from bot.model.people import Account, Conversation
from bot.model.reports import Outgoing
from bot.report.refusal import note
from bot.store import outbox
from bot.store.writer import Store, T
from tests.loops.conftest import ASKED, START, Scene, dispatching
from tests.loops.test_deliver import Taking, says
from tests.servers.scripted_model import Pick, ScriptedModel

PATIENCE = 30
"""Seconds after which what these tests wait for does not come any more."""
ALICE = Account("console", "alice")
OTHER, THREAD = Conversation("console", "room", ""), Conversation("console", "room", "t1")


@dataclass
class Held(Taking):
    """The post `opens` is on its way from `sending` to `release`: until then words in an unknown thread may hang on it."""

    sending: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, outgoing: Outgoing) -> str:
        if outgoing.key == "opens":
            self.sending.set()
            await self.release.wait()
        reference = await super().send(outgoing)
        if outgoing.key.endswith("m2") and outgoing.report:
            self.answered.set()
        return reference


def mark(id: str, message: str) -> Reaction:
    return Reaction(id, Account("slack", "U1"), message, "👍", True, START, ASKED)


def said(house: House, id: str, words: str, *, addressed: bool) -> Message:
    return Message(id, THREAD, ALICE, words, house.clock.now(), addressed, fresh_thread=False)


async def test_words_behind_others_that_are_early_are_thought_about_once(
    thinking: House, model: ScriptedModel, tmp_path: Path
) -> None:
    model.says(Pick("tell_the_person", {"answer": "The disk is full."}))
    house, chat = thinking, Held()
    early = said(house, "m1", "oh well, approve it", addressed=False)
    behind = said(house, "m2", "what do you think of all that feels so strange?", addressed=True)
    post = note("Hello.")
    await house.store.write(lambda c: outbox.post(c, "opens", OTHER, post, at=house.clock.now()))
    async with (
        asyncio.timeout(PATIENCE),
        dispatching(house, tmp_path, {"console": chat}) as dispatch,
    ):
        await chat.sending.wait()
        await dispatch.hear("console", [early, behind], "c1")
        while len(dispatch._early._waiting) < 2 and not model.asked:
            await house.bus.wait("settled", 0.05)
        chat.release.set()
        await chat.answered.wait()
    assert len(model.asked) == 1
    assert [each.report.text for each in chat.got if each.report] == ["Hello.", "The disk is full."]


async def done(scene: Scene) -> set[str]:
    """What has been handled."""
    sql = "SELECT platform_id FROM inbox WHERE state = 'done'"
    return {
        str(id) for (id,) in await scene.house.store.read(lambda c: c.exec_driver_sql(sql).all())
    }


class Counted(Store):
    """How often it was read."""

    reads = 0

    async def read(self, fn: Callable[[Connection], T]) -> T:
        self.reads += 1
        return await super().read(fn)


STRANGERS = 40


async def test_early_marks_are_looked_at_in_one_read(scene: Scene, tmp_path: Path) -> None:
    """Many react to messages of their own while a post is on its way that may be the one they mean."""
    chat, here = Held(), Conversation("slack", "C1", "")
    await says(scene, "known", here)
    await scene.deliver_to("slack")
    await says(scene, "opens", here)
    async with (
        asyncio.timeout(PATIENCE),
        Counted(scene.house.store.url, scene.clock) as store,
        dispatching(replace(scene.house, store=store), tmp_path, {"slack": chat}) as dispatch,
    ):
        await chat.sending.wait()
        await dispatch.hear("slack", [mark(f"s{n}", f"theirs{n}") for n in range(STRANGERS)], "c1")
        while len(dispatch._early._waiting) < STRANGERS:
            await scene.house.bus.wait("settled", 0.05)
        before = store.reads
        scene.house.bus.wake("noted")
        await dispatch.hear("slack", [mark("k", "ref1")], "c2")
        while "k" not in await done(scene):
            await scene.house.bus.wait("settled", 0.05)
        looks = store.reads - before
        chat.release.set()
        while dispatch.busy:
            await scene.house.bus.wait("settled", 0.05)
    assert looks < STRANGERS / 2
    assert await done(scene) == {"k", *(f"s{n}" for n in range(STRANGERS))}
