"""Something ends every loop while what a chat heard is on its way into the store: the process ends, and the next start has it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.loops.dispatch import Dispatch
from bot.loops.follow import Follow
from bot.loops.listen import listen
from bot.model.events import Batch, Event, Message
from bot.model.people import Account, Conversation
from bot.model.ports import Shown
from bot.model.reports import Outgoing
from bot.store import inbox
from bot.store.suspects import Suspects
from tests.loops.conftest import Held, Scene

PATIENCE = 30
"""Seconds after which what these tests wait for does not come any more."""
WHERE = Conversation("slack", "C9", "9.1")
BREAKS = RuntimeError("a loop that nobody had thought would break")


@dataclass
class Once:
    """Implements `ports.Chat`. Gives one batch, and has nothing more to give when it is asked again."""

    scene: Scene
    cursors: list[str | None] = field(default_factory=list)
    on_its_way: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, cursor: str | None) -> AsyncIterator[Batch]:
        self.cursors.append(cursor)
        if len(self.cursors) > 1:
            return
        # Called when this task waits: for the store, which has the batch by then.
        asyncio.get_running_loop().call_soon(self.on_its_way.set)
        at = self.scene.clock.now()
        said = Message("m1", WHERE, Account("slack", "U9"), "bake a cake", at, True)
        yield Batch((said,), "c0")

    async def send(self, outgoing: Outgoing) -> str:
        return f"p{outgoing.number}"

    async def reconcile(self, shown: Sequence[Shown]) -> Sequence[Event]:
        return ()


async def runs(scene: Scene, chat: Once, folder: Path) -> None:
    """The loops that hear, and one that breaks while the store has not taken what was heard."""

    async def breaks() -> None:
        await chat.on_its_way.wait()
        raise BREAKS

    async with asyncio.TaskGroup() as group:
        follow = Follow(scene.house, {})
        dispatch = Dispatch(scene.house, follow, Suspects(folder), group)
        group.create_task(listen(scene.house, "slack", chat, dispatch))
        group.create_task(breaks())


async def test_a_chat_that_is_being_heard_does_not_outlive_the_others(
    scene: Scene, tmp_path: Path
) -> None:
    chat, held = Once(scene), Held()
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as aside:
        standing = aside.create_task(scene.house.store.write(held.stand))
        await asyncio.to_thread(held.taken.wait, PATIENCE)
        with pytest.raises(ExceptionGroup) as raised:
            await runs(scene, chat, tmp_path)
        held.left.set()
        await standing
    assert raised.value.exceptions == (BREAKS,)
    assert chat.cursors == [None], "it listens no more"
    (left,) = await scene.write(inbox.waiting)  # behind what was on its way
    assert left.event.id == "m1"
