"""Shared by the tests of encrypted rooms: a room, the people in it with their devices, and what they see."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from adapters.chat.matrix.adapter import Matrix
from bot.model.events import Event, Message
from tests.chat.matrix.scenes import Bench, Ears, joined
from tests.servers.matrix_driver import Driver
from tests.servers.matrix_sealed import SealedDriver
from tests.servers.synapse import User

ENCRYPTION = {
    "type": "m.room.encryption",
    "state_key": "",
    "content": {"algorithm": "m.megolm.v1.aes-sha2"},
}
numbers = itertools.count(1)
Phone = Callable[[User], Awaitable[SealedDriver]]


@dataclass
class Secret:
    """An encrypted room with carol and the bot in it, the bot listening."""

    bench: Bench
    carol: SealedDriver
    room: str
    chat: Matrix
    ears: Ears

    @property
    def bot(self) -> str:
        return self.bench.user.id


async def enter(bench: Bench, carol: SealedDriver, **changes: object) -> Secret:
    chat = bench.chat(**changes)
    ears = bench.hear(chat)
    await ears.placed()
    room = await carol.create(bench.user.id, initial_state=[ENCRYPTION])
    await joined(carol, room, bench.user.id)
    return Secret(bench, carol, room, chat, ears)


def texts(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Message)]


async def in_clear(driver: Driver, room: str, text: str) -> None:
    """What a client without encryption says in an encrypted room."""
    await Driver.put(driver, room, "m.room.message", {"msgtype": "m.text", "body": text})


async def shown(driver: Driver, room: str, sender: str) -> list[str]:
    return [each.text for each in await driver.messages(room) if each.sender == sender]
