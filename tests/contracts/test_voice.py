"""A voice note in a thread, the same on every platform: heard, quoted, taken as words, and never as a vote."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.contracts import checks
from tests.contracts.room import Room
from tests.contracts.test_votes import still_waits
from tests.servers import aimock, speech

Listens = Callable[[str], Awaitable[Room]]


@pytest.fixture
def note() -> bytes:
    if not speech.NOTE.exists():
        pytest.skip("the voice note of ../shared/data is not here")
    return speech.NOTE.read_bytes()


@pytest.fixture
async def listens(room: Room, tmp_path: Path) -> AsyncIterator[Listens]:
    """The room's bot, started again with a service that hears these words in every sound."""
    if aimock.absent():
        pytest.skip(aimock.absent())
    with ExitStack() as services:

        async def start(said: str) -> Room:
            url = services.enter_context(speech.hearing(tmp_path, said))
            with room.configuration.open("a", encoding="utf8") as file:
                file.write(f'\n[speech]\nurl = "{url}"\nmodel = "any"\n')
            await room.kill_bot()
            await room.start_bot()
            return room

        yield start


async def test_a_change_by_voice_is_quoted_and_asked_anew(listens: Listens, note: bytes) -> None:
    room = await listens("Make it called welcome.")
    first = await room.asked()
    await room.speaks("bob", note, first.thread)
    await room.card(first.message, "superseded")
    second = await room.until(
        lambda heard: next(
            (
                line
                for line in heard.posts(first.thread)
                if line.data.get("plan", {}).get("revision") == 2
            ),
            None,
        )
    )
    heard = await room.heard()
    assert heard.kinds(first.thread) == ["plan", "answer", "plan"]
    quote = heard.posts(first.thread)[1]
    assert quote.data["transcript"] == "Make it called welcome."
    assert "Make it called welcome." in quote.text
    await room.reacts("alice", "✅", second.message)
    await room.post(first.thread, "result")
    heard = await room.settled()
    checks.result_last(heard, second.message)


@pytest.mark.parametrize("said", ["Approve.", "Reject it."])
async def test_spoken_words_are_no_vote(listens: Listens, note: bytes, said: str) -> None:
    room = await listens(said)
    card = await room.asked()
    await room.speaks("bob", note, card.thread)
    refusal = await room.post(card.thread, "refusal")
    assert refusal.text == "Spoken words do not approve; type it or press ✅."
    await still_waits(room, card)
    await room.reacts("bob", "✅", card.message)
    await room.post(card.thread, "result")
    heard = await room.settled()
    checks.approved_by(heard, card.message, "bob")
    assert heard.kinds(card.thread) == ["plan", "answer", "refusal", "result"]


async def test_nobody_listens_where_nothing_is_configured(room: Room, note: bytes) -> None:
    card = await room.asked()
    await room.speaks("bob", note, card.thread)
    told = await room.post(card.thread, "error", "refusal")
    assert "[speech]" in told.text
    await still_waits(room, card)
