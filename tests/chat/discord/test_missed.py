"""What was missed, and read in bad moments: requests that fail once, guilds that come late, what the queue still holds."""

from pathlib import Path

from tests.chat.discord.process import Process, process_on
from tests.servers.discord_fake import CHANNEL, GUILD, QUIET, FakeDiscord, Fault
from tests.servers.discord_people import hide, outage, super_react, unknown_thread

HIDDEN = {"code": 50001, "message": "Missing Access"}
NO_THREADS = {"code": 50024, "message": "Cannot execute"}


async def card(discord: FakeDiscord) -> tuple[str, str]:
    """A card of the bot's with its reactions, in its thread."""
    thread = await discord.say("!infra card")
    await discord.until(lambda: discord.messages.get(thread))
    (message,) = discord.messages[thread]
    await discord.until(lambda: len(discord.reactions.get((thread, message), {})) == 2)
    return thread, message


async def test_a_direct_message_whose_channel_cannot_be_asked_about_at_once(
    process: Process, discord: FakeDiscord
) -> None:
    direct = discord._direct("1001")["id"]
    await discord.say("hello", direct)
    await process.upto(1)
    await process.kill()
    await discord.say("restart nginx", direct, tell=False)
    discord.faults.append(Fault("GET", f"/channels/{direct}$", 503, times=2))
    await process.launch()
    await process.upto(2)
    assert process.texts() == ["hello", "restart nginx"]
    assert not discord.faults


async def test_words_in_a_thread_that_cannot_be_asked_about_at_once(
    process: Process, discord: FakeDiscord
) -> None:
    thread = unknown_thread(discord, QUIET)
    discord.faults.append(Fault("GET", f"/channels/{thread}$", 503))
    await discord.say("!infra before", QUIET)
    await discord.say("!infra within", thread)
    await discord.say("!infra after", QUIET)
    await process.upto(3)
    assert process.texts() == ["before", "within", "after"]


async def test_a_vote_is_kept_when_the_next_card_cannot_be_read(
    process: Process, discord: FakeDiscord
) -> None:
    (thread, first), (_, second) = await card(discord), await card(discord)
    discord.faults.append(Fault("GET", f"/messages/{second}", 503))
    discord.forget()
    await discord.drop(4009)
    await discord.react(first, "✅", thread, tell=False)
    await process.upto(3)
    assert process.votes() == [("✅", "True")]
    assert not discord.faults


async def test_what_waits_is_older_than_what_a_new_session_reads(
    process: Process, discord: FakeDiscord
) -> None:
    """A vote that was heard while the store was busy, and withdrawn before the next session, does not count."""
    thread, message = await card(discord)
    hold = process.folder / "hold"
    hold.touch()
    await discord.say("!infra busy")
    await process.upto(2)
    await discord.react(message, "✅", thread)
    await discord.drop(4000)
    await discord.until(lambda: discord.resumed)  # so the vote has reached the bot
    discord.forget()
    await discord.drop(4009)
    discord.reactions[thread, message]["✅"].remove("1002")
    await discord.until(lambda: len(discord.identified) == 2 and discord.listening)
    hold.unlink()
    await discord.until(lambda: len(process.votes()) == 2)
    assert process.votes() == [("✅", "True"), ("✅", "False")]


async def test_a_card_in_a_room_without_threads_is_found_after_a_restart(
    process: Process, discord: FakeDiscord
) -> None:
    discord.faults.append(Fault("POST", "/threads", 400, NO_THREADS))
    root = await discord.say("!infra card", QUIET)
    (message,) = await discord.until(lambda: discord.messages[QUIET].keys() - {root})
    await discord.until(lambda: len(discord.reactions.get((QUIET, message), {})) == 2)
    await discord.until((process.folder / "cards.jsonl").exists)
    await process.kill()
    await discord.react(message, "✅", QUIET, tell=False)
    await process.launch()
    await process.upto(2)
    await discord.until(lambda: discord.listening)
    await discord.say("!infra last")
    await process.upto(3)
    assert process.votes() == [("✅", "True")]
    assert process.lost() == (set(), {})


async def test_a_refusal_alone_closes_no_room(process: Process, discord: FakeDiscord) -> None:
    """The bot may see the room, or the guild is away: it may be an outage, or the right to read the history."""
    thread, message = await card(discord)
    discord.faults.append(Fault("GET", f"/messages/{message}", 403, HIDDEN))
    discord.forget()
    await discord.drop(4009)
    await discord.until(lambda: not discord.faults)
    await discord.until(lambda: discord.listening)
    await discord.say("!infra after", QUIET)
    await process.upto(2)  # so what the refusal means was decided before the room is hidden
    hide(discord, CHANNEL)
    before = len(discord.made("GET", f"/messages/{message}"))
    await discord.emit("GUILD_CREATE", discord.guild())
    await discord.until(lambda: len(discord.made("GET", f"/messages/{message}")) > before)
    await outage(discord, GUILD)
    discord.faults.append(Fault("GET", f"/messages/{message}", 403, HIDDEN))
    about = {"channel_id": thread, "message_id": message, "guild_id": GUILD}
    await discord.emit("MESSAGE_REACTION_REMOVE_ALL", about)
    await discord.until(lambda: not discord.faults)
    await discord.react(message, "✅", thread)
    await process.upto(3)
    assert process.lost() == (set(), {})


async def test_a_guild_that_comes_very_late_is_read_when_it_comes(
    process: Process, discord: FakeDiscord
) -> None:
    await process.kill()
    await discord.say("!infra missed", QUIET, tell=False)
    discord.guilds_after = 1.5
    await process.launch(within=0.2)
    await process.upto(1)
    assert process.texts() == ["missed"]


async def test_a_new_account_hears_nothing_old_of_a_guild_that_comes_late(
    discord: FakeDiscord, tmp_path: Path
) -> None:
    await discord.say("!infra old", QUIET, tell=False)
    discord.guilds_after = 1.5
    async with process_on(discord, tmp_path) as process:
        await process.launch(within=0.2)
        await discord.until(process.placed)
        assert not discord.listening
        await discord.say("!infra early", QUIET, tell=False)
        await process.upto(1)
        await discord.say("!infra new", QUIET)
        await process.upto(2)
        assert process.texts() == ["early", "new"]


async def test_reactions_all_taken_off_while_the_card_cannot_be_read(
    process: Process, discord: FakeDiscord
) -> None:
    thread, message = await card(discord)
    await discord.react(message, "✅", thread)
    await process.upto(2)
    discord.reactions[thread, message].clear()
    discord.faults.append(Fault("GET", f"/messages/{message}", 503))
    about = {"channel_id": thread, "message_id": message, "guild_id": GUILD}
    await discord.emit("MESSAGE_REACTION_REMOVE_ALL", about)
    await process.upto(3)
    assert process.votes() == [("✅", "True"), ("✅", "False")]


async def test_super_reactions_are_read_too(process: Process, discord: FakeDiscord) -> None:
    thread, message = await card(discord)
    await super_react(discord, thread, message, "✅", "1002")
    await discord.react(message, "❌", thread, "1003", tell=False)
    discord.forget()
    await discord.drop(4009)
    await process.upto(3)
    assert sorted(process.votes()) == sorted([("✅", "True"), ("❌", "True")])
