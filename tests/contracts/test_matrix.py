"""What only a server can do to us: die, refuse, limit; and rooms of two, invitations, reactions taken back unseen."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.contracts import checks
from tests.contracts.matrix_room import MatrixRoom, register
from tests.contracts.test_delivery import READ, all_answered, crowd
from tests.contracts.test_votes import bob_decides, still_waits
from tests.servers.synapse import Synapse, User, absent


async def revive(room: MatrixRoom) -> None:
    """The server comes back."""
    await asyncio.to_thread(room.server.start)
    await room.disconnect()


async def test_the_server_dies_and_comes_back(matrix: MatrixRoom) -> None:
    card = await matrix.asked()
    early = await crowd(matrix, 10)
    matrix.server.kill()
    await revive(matrix)
    late = await crowd(matrix, 5)
    heard = await all_answered(matrix, [*early, *late])
    checks.each_once(heard, [*early, *late])
    await bob_decides(matrix, card)


async def test_the_server_dies_while_a_plan_runs(matrix: MatrixRoom, tmp_path: Path) -> None:
    """What came true without anybody to tell is told when there is somebody again: once."""
    card = await matrix.asked()
    await matrix.reacts("bob", "✅", card.message)
    page = tmp_path / "sites" / "hello" / "index.html"
    await matrix.until(lambda _: page.exists())
    matrix.server.kill()
    await revive(matrix)
    await matrix.post(card.thread, "result")
    heard = await matrix.settled()
    checks.result_last(heard, card.message)
    checks.told_the_truth(heard, card.message)


async def test_a_start_while_the_server_is_down(matrix: MatrixRoom) -> None:
    card = await matrix.asked()
    await matrix.kill_bot()
    await matrix.reacts("bob", "✅", card.message)
    threads = await crowd(matrix, 5)
    matrix.server.kill()
    await matrix.start_bot()
    await asyncio.sleep(2)  # long enough to find nobody there at least once
    await revive(matrix)
    await matrix.post(card.thread, "result")
    checks.each_once(await all_answered(matrix, threads), threads)


async def ended(room: MatrixRoom) -> int | None:
    """The exit code, once it has ended by itself."""
    assert room.process is not None
    return await asyncio.wait_for(room.process.wait(), room.patience)


async def test_a_revoked_token(matrix: MatrixRoom) -> None:
    """It says so and ends with 1; with a new token it goes on where it was."""
    await matrix.stop_bot()
    token = matrix.use_token()
    await matrix.start_bot()
    first = await matrix.says("alice", READ)
    await matrix.post(first.thread, "answer")
    matrix.server.log_out(token)
    second = await matrix.says("alice", READ)
    assert await ended(matrix) == 1
    assert "no longer accepts the login" in matrix.words()
    assert "Put a new token in [chat.matrix]" in matrix.words()
    assert "Traceback" not in matrix.words()
    await matrix.kill_bot()
    matrix.use_token()
    await matrix.start_bot()
    checks.each_once(await all_answered(matrix, [second.thread]), [first.thread, second.thread])


async def test_a_token_revoked_while_a_card_is_made(matrix: MatrixRoom) -> None:
    """What could not be said with the dead login is said with the new one."""
    await matrix.stop_bot()
    token = matrix.use_token()
    await matrix.start_bot()
    slow = await matrix.says("alice", "@infra look around on box")
    await matrix.until(lambda heard: heard.glanced(slow.id))
    matrix.server.log_out(token)
    assert await ended(matrix) == 1
    await matrix.kill_bot()
    matrix.use_token()
    await matrix.start_bot()
    matrix.patience = 10.0
    checks.each_once(await all_answered(matrix, [slow.thread]), [slow.thread], "plan")


async def test_a_room_of_two_needs_no_mention(matrix: MatrixRoom) -> None:
    alice = matrix.people["alice"]
    room = await alice.create(matrix.bot.id, is_direct=True, preset="trusted_private_chat")
    await matrix.present(room)
    await alice.say(room, "how full is the disk on web1?")
    assert "Filesystem" in await matrix.word("alice", "web1")


async def test_an_invitation_is_followed(matrix: MatrixRoom) -> None:
    bob = matrix.people["bob"]
    room = await bob.create(matrix.bot.id, matrix.people["guest"].user)
    await matrix.people["guest"].join(room)
    await matrix.present(room, "bob")
    said = await bob.say(room, READ)
    await matrix.post(said, "answer")
    checks.each_once(await matrix.settled(), [said])


async def test_a_private_word_goes_to_a_room_of_two(matrix: MatrixRoom) -> None:
    guest = matrix.people["guest"]
    before = set(await guest.invitations())
    card = await matrix.asked()
    await matrix.reacts("guest", "✅", card.message)
    word = await matrix.word("guest", "did not count")
    (room,) = set(await guest.invitations()) - before
    await guest.join(room)
    assert [each.text for each in await guest.messages(room)] == [word]
    members = (await guest.request("GET", "rooms", room, "joined_members"))["joined"]
    assert set(members) == {guest.user, matrix.bot.id}
    await matrix.reacts("guest", "❌", card.message)
    await matrix.word("guest", "❌")
    assert set(await guest.invitations()) == before


async def test_a_reaction_taken_back_before_it_was_seen(matrix: MatrixRoom) -> None:
    card = await matrix.asked()
    await matrix.kill_bot()
    for emoji in ("✅", "❌"):
        await matrix.reacts("bob", emoji, card.message)
        await matrix.unreacts("bob", emoji, card.message)
    await matrix.start_bot()
    await still_waits(matrix, card)
    await bob_decides(matrix, card)


async def test_the_bot_never_votes_even_where_it_is_an_operator(
    synapse: Synapse, users: dict[str, User], tmp_path: Path, port: int
) -> None:
    room = MatrixRoom(synapse, users, tmp_path, port, trusted=True)
    try:
        await room.start_bot()
        card = await room.asked()
        await still_waits(room, card)
        for end in (room.kill_bot, room.stop_bot):
            await end()
            await room.start_bot()
            await still_waits(room, card)
        await bob_decides(room, card)
    finally:
        await room.close()


@pytest.mark.parametrize("away", [False, True])
async def test_a_card_that_somebody_redacts(matrix: MatrixRoom, away: bool) -> None:
    """Another one comes in its place, on which votes count; also when it happened while the bot was away."""
    card = await matrix.asked()
    if away:
        await matrix.kill_bot()
    await matrix.people["alice"].redact(matrix.room, card.message)
    if away:
        await matrix.start_bot()
    second = await matrix.until(
        lambda heard: next(
            (e for e in heard.posts(card.thread) if e.kind == "plan" and e.message != card.message),
            None,
        )
    )
    await matrix.reacts("bob", "✅", second.message)
    await matrix.post(card.thread, "result")


@pytest.mark.parametrize("away", [False, True])
async def test_a_room_that_the_bot_is_put_out_of(matrix: MatrixRoom, away: bool) -> None:
    """A plan whose card can be had nowhere is not left waiting: it ends, and other rooms go on."""
    bob, guest = matrix.people["bob"], matrix.people["guest"]
    other = await bob.create(matrix.bot.id, guest.user)
    await guest.join(other)
    await matrix.present(other, "bob")
    card = await matrix.asked()
    if away:
        await matrix.kill_bot()
    await matrix.people["alice"].remove(matrix.room, matrix.bot.id)
    if away:
        await matrix.start_bot()
    name = card.data["plan"]["id"][-4:]

    async def told() -> str:
        said = await bob.say(other, "@infra plans")
        return (await matrix.post(said, "answer")).text

    for _ in range(20):
        text = await told()
        if f"`{name}` expired" in text:
            return
    raise AssertionError(text)


@pytest.fixture(scope="module")
def limited() -> Iterator[Synapse]:
    if absent():
        pytest.skip(absent())
    server = Synapse(limited=True)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def limited_users(limited: Synapse) -> dict[str, User]:
    return register(limited)


@pytest.fixture
async def slow_room(
    limited: Synapse, limited_users: dict[str, User], tmp_path: Path, port: int
) -> AsyncIterator[MatrixRoom]:
    room = MatrixRoom(limited, limited_users, tmp_path, port)
    try:
        await room.start_bot()
        yield room
    finally:
        await room.close()


async def test_default_rate_limits(slow_room: MatrixRoom) -> None:
    """Ten events at once and then one in five seconds: everything comes out, late, in order, once."""
    said = await slow_room.says("alice", "@infra create a site called hello on web1")
    card = await slow_room.seeded(said.thread)
    await slow_room.reacts("bob", "✅", card.message)
    await slow_room.until(lambda heard: heard.first(said.thread, "result"), times=3)
    heard = await slow_room.heard()
    assert heard.kinds(said.thread) == ["plan", "result"]
    checks.result_last(heard, card.message)
    assert heard.card(card.message).state == "done"


async def test_a_vote_on_a_card_whose_reactions_are_held_up(slow_room: MatrixRoom) -> None:
    """The card can be read, its ✅ and ❌ must wait for the server's limits: a vote counts all the same."""
    slow_room.patience = 90.0  # a write every five seconds is what the default limits leave
    for _ in range(5):
        said = await slow_room.says("alice", "@infra status")
        await slow_room.post(said.thread, "answer")
    asked = await slow_room.says("alice", "@infra create a site called hello on web1")
    card = await slow_room.post(asked.thread, "plan")
    await slow_room.reacts("bob", "❌", card.message)
    await slow_room.card(card.message, "rejected")
