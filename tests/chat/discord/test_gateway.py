"""A process of its own, real sockets, a fake Discord: resume, drops, malformed payloads, limits, revoked tokens."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from tests.chat.discord.process import Process, process_on
from tests.servers.discord_fake import CHANNEL, GUILD, QUIET, FakeDiscord, Fault

ROOMS = (CHANNEL, QUIET)


async def test_a_mention_is_answered_in_its_thread(process: Process, discord: FakeDiscord) -> None:
    id = await discord.say("!infra hello")
    await discord.until(lambda: discord.messages.get(id))
    (answer,) = discord.messages[id].values()
    assert answer["content"] == "hello"
    assert process.texts() == ["hello"]
    assert discord.identified[0]["intents"] & (1 << 15)


async def test_a_hard_drop_is_resumed_and_nothing_is_lost_or_twice(
    process: Process, discord: FakeDiscord
) -> None:
    await discord.say("!infra one")
    await process.upto(1)
    await discord.drop()
    await discord.say("!infra two")
    await process.upto(2)
    assert process.texts() == ["one", "two"]
    assert len(discord.identified) == 1
    assert len(discord.resumed) >= 1


async def test_a_session_that_is_gone_is_made_good_from_the_history(
    process: Process, discord: FakeDiscord
) -> None:
    id = await discord.say("!infra card")
    card = await discord.until(lambda: next(iter(discord.messages.get(id, {})), None))
    await discord.until(lambda: len(discord.made("PUT", "/reactions/")) == 2)
    discord.forget()
    discord.guilds_after = 0.5
    await discord.drop()
    await discord.react(card, "✅", id, tell=False)
    await discord.say("!infra two", tell=False)
    await discord.say("use port 9090", id, tell=False)
    await discord.say("!infra where nobody spoke", QUIET, tell=False)
    heard = (await process.upto(5))[1:]
    assert sorted(each["text"] for each in heard if "text" in each) == [
        "two",
        "use port 9090",
        "where nobody spoke",
    ]
    assert [(e["emoji"], e["added"]) for e in heard if "emoji" in e] == [("✅", "True")]
    assert len(discord.identified) == 2


async def test_a_guild_that_was_away_is_read_when_it_is_back(
    process: Process, discord: FakeDiscord
) -> None:
    await discord.emit("GUILD_DELETE", {"id": GUILD, "unavailable": True})
    await discord.say("!infra meanwhile", QUIET, tell=False)
    await discord.emit("GUILD_CREATE", discord.guild())
    await process.upto(1)
    assert process.texts() == ["meanwhile"]


async def test_what_was_said_before_the_invitation_is_not_for_the_bot(
    process: Process, discord: FakeDiscord
) -> None:
    await process.kill()
    await discord.say("!infra old", QUIET, tell=False)
    await asyncio.sleep(0.01)
    discord.joined_at = datetime.now(UTC).isoformat()
    await asyncio.sleep(0.01)
    await discord.say("!infra new", QUIET, tell=False)
    await process.launch()
    await process.upto(1)
    assert process.texts() == ["new"]


async def test_add_remove_add_counts_and_a_redelivery_does_not(
    process: Process, discord: FakeDiscord
) -> None:
    id = await discord.say("!infra card")
    card = await discord.until(lambda: next(iter(discord.messages.get(id, {})), None))
    for _ in range(2):
        await discord.react(card, "✅", id)
        await discord.unreact(card, "✅", id)
    await discord.react(card, "✅", id)
    await process.upto(6)
    last = discord.events[-1]
    for connection in discord._open:
        await connection.send(last)  # the same payload with the same number once more
    await discord.say("!infra last")
    heard = await process.upto(7)
    assert [each["added"] for each in heard if "emoji" in each] == ["True", "False"] * 2 + ["True"]


async def test_reactions_on_other_peoples_messages_are_nothing(
    process: Process, discord: FakeDiscord
) -> None:
    said = await discord.say("lunch?")
    await discord.react(said, "👍", CHANNEL)
    await discord.unreact(said, "👍", CHANNEL)
    await discord.say("!infra last")
    await process.upto(1)
    assert process.texts() == ["last"]


async def test_a_malformed_payload_is_passed_over(process: Process, discord: FakeDiscord) -> None:
    await discord.emit("MESSAGE_CREATE", {"id": "x", "channel_id": None})
    await discord.emit("MESSAGE_CREATE", "not an object")
    await discord.emit("GUILD_CREATE", {"id": []})
    await discord.emit("MESSAGE_REACTION_ADD", "not an object")
    await discord.emit("INTERACTION_CREATE", {"id": 5, "type": "x"})
    await discord.say("!infra after")
    await process.upto(1)
    assert process.texts() == ["after"]
    assert len(discord.identified) == 1


async def test_what_is_no_payload_at_all_makes_it_connect_again(
    process: Process, discord: FakeDiscord
) -> None:
    await discord.say("!infra before")
    await process.upto(1)
    await discord.raw("{ this is no JSON")
    await discord.until(lambda: discord.resumed)
    await discord.say("!infra after")
    await process.upto(2)
    assert process.texts() == ["before", "after"]


async def test_sixty_while_away_and_a_kill(process: Process, discord: FakeDiscord) -> None:
    first = await discord.say("!infra card")
    await process.upto(1)
    await discord.until(lambda: discord.messages.get(first))
    await process.kill()
    for number in range(60):
        where = (CHANNEL, first)[number % 2]
        await discord.say(f"!infra away {number}", where)
    await process.launch()
    heard = await process.upto(61)
    assert sorted(each["text"] for each in heard[1:]) == sorted(f"away {n}" for n in range(60))
    await discord.until(lambda: len(discord.messages[first]) == 1 + 30 + 30)


async def test_three_hundred_in_a_burst(process: Process, discord: FakeDiscord) -> None:
    for number in range(300):
        await discord.say(f"!infra say {number}")
    await process.upto(300)
    assert process.texts() == [f"say {number}" for number in range(300)]
    threads = await discord.until(
        lambda: [c for c in discord.channels if discord.channels[c]["type"] == 11]
    )
    await discord.until(
        lambda: sum(len(discord.messages[c]) for c in discord.channels if c not in ROOMS) == 300
    )
    assert len(set(threads)) == len(threads)


async def test_a_thread_that_somebody_else_opened_is_used(
    process: Process, discord: FakeDiscord
) -> None:
    id = await discord.say("!infra hello", tell=False)
    discord.channels[id] = discord.channels[CHANNEL] | {"id": id, "type": 11, "parent_id": CHANNEL}
    discord.messages[id] = {}
    await discord.emit("MESSAGE_CREATE", discord.messages[CHANNEL][id] | {"guild_id": GUILD})
    await discord.until(lambda: discord.messages[id])
    assert len(discord.made("POST", "/threads")) == 1


async def test_a_click_is_deferred_before_it_is_stored(
    process: Process, discord: FakeDiscord
) -> None:
    id = await discord.say("!infra card")
    card = await discord.until(lambda: next(iter(discord.messages.get(id, {})), None))
    pressed = await discord.click(card, id, "parley:approve")
    heard = (await process.upto(2))[-1]
    assert (heard["id"], heard["action"]) == (pressed, "approve")
    assert [each.body for each in discord.made("POST", "/callback")] == [{"type": 6}]
    repeated = next(e for e in discord.events if e["t"] == "INTERACTION_CREATE")
    for connection in discord._open:
        await connection.send(repeated)
    await discord.say("!infra last")
    await process.upto(3)
    assert len(discord.made("POST", "/callback")) == 1


async def test_limits_and_a_server_in_trouble_delay_and_lose_nothing(
    process: Process, discord: FakeDiscord
) -> None:
    busy = {"message": "You are being rate limited.", "retry_after": 1.5, "global": False}
    headers = {"Via": "1.1 google", "Retry-After": "2", "X-RateLimit-Remaining": "0"}
    discord.faults.append(Fault("POST", "/threads", 429, busy, headers))
    discord.faults.append(Fault("POST", "/messages", 500, {}, times=1))
    discord.faults.append(Fault("POST", "/messages", 503, {}, times=1))
    id = await discord.say("!infra hello")
    await discord.until(lambda: discord.messages.get(id))
    await asyncio.sleep(0.3)
    (answer,) = discord.messages[id].values()
    assert answer["content"] == "hello"
    refused, taken = discord.made("POST", "/threads")[:2]
    assert taken.at - refused.at >= 1.5


async def test_a_revoked_token_is_said_and_ends_it(process: Process, discord: FakeDiscord) -> None:
    discord.token = "another"  # of the fake alone
    discord.forget()
    await discord.drop()
    ended = process.folder / "ended"
    await discord.until(ended.exists)
    assert "token" in ended.read_text()
    assert "[chat.discord]" in ended.read_text()
    assert "Traceback" not in ended.read_text()


async def test_a_wrong_token_at_the_start(discord: FakeDiscord, tmp_path: Path) -> None:
    async with process_on(discord, tmp_path) as process:
        await process.launch("wrong")
        await discord.until((tmp_path / "ended").exists)
        assert "Make a new one" in (tmp_path / "ended").read_text()


async def test_a_missing_intent_is_said_with_the_mend(discord: FakeDiscord, tmp_path: Path) -> None:
    discord.intents_allowed = False
    async with process_on(discord, tmp_path) as process:
        await process.launch()
        await discord.until((tmp_path / "ended").exists)
        assert "Message Content Intent" in (tmp_path / "ended").read_text()


async def test_a_server_that_is_away_comes_back(process: Process, discord: FakeDiscord) -> None:
    await discord.say("!infra before")
    await process.upto(1)
    await discord.close()
    await asyncio.sleep(0.3)
    await discord.start()
    await discord.until(lambda: discord.resumed)
    await discord.say("!infra after")
    await process.upto(2)
    assert process.texts() == ["before", "after"]
