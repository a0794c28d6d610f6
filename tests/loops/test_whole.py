"""A whole answer stays: nothing that is still being written takes its place, and what has ended is not begun again."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace
from sqlalchemy import Connection

from bot.cases.investigate import interrupted
from bot.cases.looking import look_into
from bot.house import House
from bot.loops.inquire import Inquirer
from bot.model.events import Message
from bot.model.investigations import Investigation
from bot.model.people import Account, Conversation
from bot.redact import MASK
from bot.store import investigations, outbox
from bot.store.writer import Store, T
from tests.loops.conftest import Held, Quick, dispatching
from tests.loops.test_deliver import Taking
from tests.servers.scripted_model import Pick, ScriptedModel

PATIENCE = 30
"""Seconds after which what these tests wait for does not come any more."""
ALICE, HERE = Account("console", "alice"), Conversation("console", "room", "t1")
ASKED = Investigation("i1", HERE, ALICE, "alice", "ask web1 why it is slow", ("web1",))
WHOLE = "The disk is full, because the logs grow."
OTHER = "Perhaps it is the network, who knows it, and so on."


def tell(answer: str) -> Pick:
    return Pick("tell_the_person", {"answer": answer})


def conclude(answer: str, missing: str = "") -> Pick:
    return Pick("conclude", {"answer": answer, "evidence": [], "not_looked_at": missing})


async def everything_is_sent(house: House) -> None:
    while await house.store.read(outbox.undelivered):
        await house.bus.wait("noted", 0.05)


async def test_an_event_that_comes_again_does_not_overwrite_its_answer(
    thinking: House, model: ScriptedModel, tmp_path: Path
) -> None:
    """It is thought about once more while the store stands still, and cannot know yet that it was answered."""
    model.says(tell(WHOLE))
    model.says(tell(OTHER), halts=("who knows it,",))
    clock, chat, held = Quick(), Taking(), Held()
    house = replace(thinking, clock=clock)
    words = "what do you think of all that feels so strange?"
    event = Message("m1", HERE, ALICE, words, clock.now(), True)
    async with (
        asyncio.timeout(PATIENCE),
        dispatching(house, tmp_path, {"console": chat}) as dispatch,
        asyncio.TaskGroup() as group,
    ):
        await dispatch.hear("console", [event], "c1", "answer")
        while dispatch.busy:
            await house.bus.wait("settled", 0.05)
        await everything_is_sent(house)
        group.create_task(house.store.write(held.stand))
        await asyncio.to_thread(held.taken.wait, PATIENCE)
        clock.growing.clear()
        again = group.create_task(dispatch.hear("console", [event], "c2", "answer"))
        await clock.growing.wait()
        held.left.set()
        assert await again == []
        await everything_is_sent(house)
        model.go()
    assert len(model.asked) == 2
    assert [each.report.text for each in chat.got if each.report][-1] == WHOLE


class Late(Store):
    """What it finds of running investigations is known when `looked` is set, and told when `tell` is; `told` is when it has."""

    def begin_to_lag(self) -> None:
        self.looked, self.tell, self.told = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def read(self, fn: Callable[[Connection], T]) -> T:
        found = await super().read(fn)
        if fn is investigations.running and found:
            self.looked.set()
            await self.tell.wait()
            self.told.set()
        return found


async def begin(house: House) -> None:
    await house.store.write(lambda c: investigations.begin(c, ASKED, house.clock.now()))


async def looked_into(inquirer: Inquirer, house: House) -> None:
    while inquirer.busy:
        await house.bus.wait("looked into", 0.05)


async def test_an_investigation_that_ends_while_it_is_looked_for_is_not_begun_again(
    thinking: House, model: ScriptedModel
) -> None:
    model.says(conclude(WHOLE))
    model.says(conclude(OTHER))
    model.gate.clear()
    async with asyncio.timeout(PATIENCE), Late(thinking.store.url, thinking.clock) as store:
        house = replace(thinking, store=store)
        store.begin_to_lag()
        store.tell.set()
        await begin(house)
        async with asyncio.TaskGroup() as group:
            inquirer = Inquirer(house, group)
            looking = group.create_task(inquirer.inquire())
            await store.told.wait()
            store.begin_to_lag()
            house.bus.wake("settled")
            await store.looked.wait()
            model.gate.set()
            await looked_into(inquirer, house)
            store.tell.set()
            await store.told.wait()
            again = inquirer.busy
            looking.cancel()
    assert not again
    assert len(model.asked) == 1


async def test_an_investigation_does_not_overwrite_what_was_said_of_its_end(
    thinking: House, model: ScriptedModel
) -> None:
    """Another process, or a stop, has ended it: what its model says now is shown to nobody."""
    model.says(conclude(OTHER), halts=("who knows it,",))
    clock = Quick()
    house = replace(thinking, clock=clock)
    await begin(house)
    await house.store.write(lambda c: interrupted(c, house))
    said = await house.store.read(outbox.undelivered)
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        group.create_task(look_into(house, ASKED))
        await clock.growing.wait()
        model.go()
    assert await house.store.read(outbox.undelivered) == said == 1
    (post,) = await house.store.write(lambda c: outbox.claim(c, house.clock.now(), 9))
    assert post.report is not None
    assert post.report.text.startswith("I was ended while I looked into this.")


async def test_a_secret_of_two_lines_in_what_was_not_looked_at_is_masked(
    thinking: House, model: ScriptedModel
) -> None:
    """The report makes one line of it."""
    model.says(conclude(WHOLE, "The password is\nhunter27x there."))
    await begin(thinking)
    await look_into(thinking, ASKED)
    (post,) = await thinking.store.write(lambda c: outbox.claim(c, thinking.clock.now(), 9))
    assert post.report is not None
    assert f"Not looked at: The password is {MASK} there." in post.report.text
