"""The contracts can fail: a bot that breaks one promise is caught by the very tests that the real one passes."""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.contracts import checks, test_delivery, test_life, test_votes
from tests.contracts.console_room import ConsoleRoom
from tests.contracts.heard import Heard, Line
from tests.contracts.room import Room

BROKEN = Path(__file__).with_name("broken_bot.py")

Contract = Callable[[Room], Awaitable[None]]


async def a_burst(room: Room) -> None:
    threads = await test_delivery.crowd(room, 20, "@infra agents")
    checks.each_once(await test_delivery.all_answered(room, threads), threads)


async def a_decision(room: Room) -> None:
    await test_votes.bob_decides(room, await room.asked())


async def a_result(room: Room) -> None:
    card = await room.asked()
    await room.reacts("bob", "✅", card.message)
    await room.post(card.thread, "result")
    checks.result_last(await room.settled(), card.message)


async def a_restart(room: Room) -> None:
    said = await room.says("alice", "@infra ask web1 about disk space")
    await room.post(said.thread, "answer")
    before = await room.settled()
    await room.kill_bot()
    await room.start_bot()
    await room.says("alice", "@infra ask web1 about disk space", said.thread)
    after = await room.settled()
    checks.nothing_new(before, after)


guest = test_votes.test_of_somebody_who_may_not
stranger = test_votes.test_of_accounts_that_nobody_knows

CAUGHT: list[tuple[str, Contract]] = [
    ("twice", test_life.test_a_question_is_answered_in_its_thread),
    ("twice", a_burst),
    ("deaf", a_burst),
    ("chatty", a_result),
    ("liar", a_decision),
    ("pushy", a_decision),
    ("gullible", guest),
    ("gullible", stranger),
    ("loud", guest),
    ("honest", a_restart),
]
"""The last: this bot keeps no data, so even at its most honest it says everything again after a restart."""


@pytest.fixture
async def broken(tmp_path: Path) -> Callable[[str], Awaitable[ConsoleRoom]]:
    async def start(promise: str) -> ConsoleRoom:
        room = ConsoleRoom(tmp_path, 1, [sys.executable, str(BROKEN), promise])
        room.patience = 3.0
        await room.start_bot()
        return room

    return start


@pytest.mark.parametrize(("promise", "contract"), CAUGHT)
async def test_a_broken_promise_is_caught(
    broken: Callable[[str], Awaitable[ConsoleRoom]], promise: str, contract: Contract
) -> None:
    room = await broken(promise)
    try:
        with pytest.raises(AssertionError):
            await contract(room)
    finally:
        await room.close()


@pytest.mark.parametrize(
    "contract",
    [test_life.test_a_question_is_answered_in_its_thread, a_burst, a_decision, a_result, guest],
)
async def test_a_kept_promise_is_not(
    broken: Callable[[str], Awaitable[ConsoleRoom]], contract: Contract
) -> None:
    room = await broken("honest")
    try:
        await contract(room)
    finally:
        await room.close()


def test_a_bot_that_has_died_is_no_silence() -> None:
    """A thread without any answer is as wrong as one with two."""
    line = Line("post", "p1", "t1", kind="answer")
    checks.each_once(Heard([line]), ["t1"])
    for lines in (
        [],
        [line, Line("post", "p2", "t1", kind="answer")],
        [Line("post", "p1", "t1", kind="error")],
    ):
        with pytest.raises(AssertionError):
            checks.each_once(Heard(lines), ["t1"])
