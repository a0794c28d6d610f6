"""Nothing is lost and nothing comes twice: while the bot is away, in a burst, over restarts, and when it is killed."""

import asyncio

from tests.contracts import checks
from tests.contracts.heard import Heard
from tests.contracts.room import Room

READ = "@infra ask web1 about disk space"
CROWD = 300


async def all_answered(room: Room, threads: list[str]) -> Heard:
    """Wait until each has something, then for whatever else there may be."""
    await room.until(lambda heard: {line.thread for line in heard.posts()} >= set(threads), times=3)
    return await room.settled()


async def crowd(room: Room, number: int, text: str = READ) -> list[str]:
    """So many requests by alice and bob, as fast as the platform takes them; their threads."""
    gate = asyncio.Semaphore(8)

    async def one(index: int) -> str:
        async with gate:
            return (await room.says(("alice", "bob")[index % 2], text)).thread

    return list(await asyncio.gather(*(one(index) for index in range(number))))


async def test_sixty_messages_while_it_was_away(room: Room) -> None:
    before = await room.says("alice", READ)
    await room.post(before.thread, "answer")
    await room.stop_bot()
    threads = await crowd(room, 60)
    await room.start_bot()
    heard = await all_answered(room, threads)
    checks.each_once(heard, [before.thread, *threads])


async def test_three_hundred_in_a_burst(room: Room) -> None:
    threads = await crowd(room, CROWD, "@infra agents")
    heard = await all_answered(room, threads)
    checks.each_once(heard, threads)


async def test_killed_in_the_middle_of_three_hundred(room: Room) -> None:
    sending = asyncio.create_task(crowd(room, CROWD))
    await room.until(lambda heard: len(heard.posts()) >= 20)
    await room.kill_bot()
    threads = await sending
    await room.start_bot()
    heard = await all_answered(room, threads)
    checks.each_once(heard, threads)


async def test_a_restart_neither_replays_nor_forgets(room: Room) -> None:
    read = await room.says("alice", READ)
    await room.post(read.thread, "answer")
    done = await room.asked("done")
    await room.reacts("bob", "✅", done.message)
    await room.post(done.thread, "result")
    waiting = await room.asked("waiting")
    question = await room.says("alice", "@infra create a site on web1")
    await room.post(question.thread, "question")
    before = await room.settled()
    for end in (room.stop_bot, room.kill_bot):
        await end()
        await room.start_bot()
    later = await room.says("alice", READ)
    await room.post(later.thread, "answer")
    after = Heard([line for line in (await room.heard()).lines if line.thread != later.thread])
    checks.nothing_new(before, after)
    await room.reacts("bob", "✅", waiting.message)
    await room.post(waiting.thread, "result")
    await room.says("alice", "third", question.thread)
    plan = await room.post(question.thread, "plan")
    assert plan.data["plan"]["steps"][0]["slots"]["name"] == "third"
    heard = await room.settled()
    checks.told_the_truth(heard, waiting.message)
    checks.result_last(heard, waiting.message)


async def test_a_vote_cast_while_it_was_away(room: Room) -> None:
    yes, no = await room.asked("blue"), await room.asked("green")
    await room.kill_bot()
    await room.reacts("bob", "✅", yes.message)
    await room.reacts("bob", "❌", no.message)
    await room.reacts("guest", "❌", yes.message)
    await room.start_bot()
    await room.post(yes.thread, "result")
    await room.card(no.message, "rejected")
    heard = await room.settled()
    checks.approved_by(heard, yes.message, "bob")
    checks.told_the_truth(heard, yes.message)
    assert heard.kinds(no.thread) == ["plan"]
