"""What only Discord can do to us: die, forget a session, refuse, limit, take a token away; and every request it got, held against
its own description."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.contracts import checks
from tests.contracts.discord_room import USERS, VOICE, DiscordRoom
from tests.contracts.heard import Heard, Json, Line
from tests.contracts.test_delivery import READ, all_answered, crowd
from tests.contracts.test_votes import bob_decides, still_waits
from tests.servers import speech
from tests.servers.discord_fake import CHANNEL, Fault
from tests.servers.discord_official import absent, official
from tests.servers.discord_people import delete
from tests.servers.slack_fake import APP_TOKEN, SlackFake
from tests.servers.slack_fake import TOKEN as SLACK_TOKEN
from tests.servers.slack_workspace import BOT as SLACK_BOT

LIMIT = {"message": "You are being rate limited.", "retry_after": 1.5, "global": False}


@pytest.mark.parametrize("session", ["kept", "forgotten"])
async def test_the_server_dies_and_comes_back(discord: DiscordRoom, session: str) -> None:
    """With a session to resume, and without: then what was said is read."""
    card = await discord.asked()
    early = await crowd(discord, 10)
    await discord.fake.close()
    late = await crowd(discord, 5)
    if session == "forgotten":
        discord.fake.forget()
    await discord.fake.start()
    heard = await all_answered(discord, [*early, *late])
    checks.each_once(heard, [*early, *late])
    await bob_decides(discord, card)


async def test_the_server_dies_while_a_plan_runs(discord: DiscordRoom, tmp_path: Path) -> None:
    """What came true without anybody to tell is told when there is somebody again: once."""
    card = await discord.asked()
    await discord.reacts("bob", "✅", card.message)
    page = tmp_path / "sites" / "hello" / "index.html"
    await discord.until(lambda _: page.exists())
    await discord.fake.close()
    await discord.fake.start()
    await discord.post(card.thread, "result")
    heard = await discord.settled()
    checks.result_last(heard, card.message)
    checks.told_the_truth(heard, card.message)


async def test_a_start_while_the_server_is_down(discord: DiscordRoom) -> None:
    card = await discord.asked()
    await discord.kill_bot()
    await discord.reacts("bob", "✅", card.message)
    threads = await crowd(discord, 5)
    await discord.fake.close()
    await discord.launch()
    await asyncio.sleep(2)  # long enough to find nobody there at least once
    await discord.fake.start()
    await discord.post(card.thread, "result")
    checks.each_once(await all_answered(discord, threads), threads)


@pytest.mark.parametrize("code", [None, 4000, 4009])
async def test_a_connection_that_is_cut_in_a_burst(discord: DiscordRoom, code: int | None) -> None:
    sending = asyncio.create_task(crowd(discord, 60, "@infra agents"))
    await discord.until(lambda heard: len(heard.posts()) >= 5)
    await discord.fake.drop(code)
    threads = await sending
    checks.each_once(await all_answered(discord, threads), threads)


async def ended(room: DiscordRoom) -> int | None:
    """The exit code, once it has ended by itself."""
    assert room.process is not None
    return await asyncio.wait_for(room.process.wait(), room.patience)


async def test_a_token_that_was_reset(discord: DiscordRoom) -> None:
    first = await discord.says("alice", READ)
    await discord.post(first.thread, "answer")
    await discord.revoke()
    second = await discord.says("alice", READ)
    assert await ended(discord) == 1
    assert "does not accept" in discord.words()
    assert "Traceback" not in discord.words()
    await discord.kill_bot()
    await discord.start_bot()
    checks.each_once(await all_answered(discord, [second.thread]), [first.thread, second.thread])


async def test_a_token_reset_while_a_card_is_made(discord: DiscordRoom) -> None:
    """What could not be said with the dead login is said with the new one."""
    slow = await discord.says("alice", "@infra look around on box")
    await discord.until(lambda heard: heard.glanced(slow.id))
    await discord.revoke()
    assert await ended(discord) == 1
    await discord.kill_bot()
    await discord.start_bot()
    checks.each_once(await all_answered(discord, [slow.thread]), [slow.thread], "plan")


async def test_an_intent_that_was_taken_away(discord: DiscordRoom) -> None:
    """4014: one sentence with the mend, and the end, as there is no other chat."""
    discord.fake.intents_allowed = False
    discord.fake.forget()
    await discord.fake.drop(4014)
    assert await ended(discord) == 1
    assert "Message Content" in discord.words()
    assert "Traceback" not in discord.words()


async def test_an_intent_that_is_missing_ends_this_chat_alone(
    discord: DiscordRoom, tmp_path: Path
) -> None:
    """It is said once; who asks on Slack is answered as before."""
    slack = SlackFake()
    await slack.start()
    try:
        await discord.stop_bot()
        also_on(slack, discord, tmp_path)
        await discord.start_bot()
        await slack.connected(2)
        discord.fake.intents_allowed = False
        discord.fake.forget()
        await discord.fake.drop(4014)
        await discord.until(lambda _: "Intent is off" in discord.words())
        said = slack.say("U01ALICE", f"<@{SLACK_BOT}> agents")
        await slack.event(said | {"type": "app_mention"})
        await slack.until(lambda: slack.called("chat.postMessage"), discord.patience)
        assert discord.words().count("Intent is off") == 1
    finally:
        await discord.kill_bot()
        await slack.stop()


def also_on(slack: SlackFake, room: DiscordRoom, folder: Path) -> None:
    """The bot of a room has another home, from its next start on."""
    table = f'\n[chat.slack]\napi_url = "{slack.url}"\n'
    for name, token in (("bot_token", SLACK_TOKEN), ("app_token", APP_TOKEN)):
        secret = folder / name
        secret.write_text(token)
        secret.chmod(0o600)
        table += f'{name} = "file:{secret}"\n'
    with room.configuration.open("a") as written:
        written.write(table)


async def test_a_direct_message_needs_no_mention(discord: DiscordRoom) -> None:
    direct = discord.fake._direct(USERS["alice"])["id"]
    await discord.fake.say("how full is the disk on web1?", direct, USERS["alice"])
    await discord.until(
        lambda heard: any("Filesystem" in words for words in heard.private("alice"))
    )


async def test_another_bot_is_not_even_answered(discord: DiscordRoom) -> None:
    discord.fake.bots.add(USERS["otherbot"])
    card = await discord.asked()
    await discord.reacts("otherbot", "✅", card.message)
    await discord.says("otherbot", "approve", card.thread)
    await still_waits(discord, card)
    assert (await discord.heard()).private("otherbot") == []
    await bob_decides(discord, card)


async def test_the_bot_never_votes_even_where_it_is_an_operator(tmp_path: Path, port: int) -> None:
    room = DiscordRoom(tmp_path, port, trusted=True)
    try:
        await room.open()
        card = await room.asked()
        await still_waits(room, card)
        for end in (room.kill_bot, room.stop_bot):
            await end()
            await room.start_bot()
            await still_waits(room, card)
        await bob_decides(room, card)
    finally:
        await room.close()


async def test_rate_limits(discord: DiscordRoom) -> None:
    """Everything comes out, late, in order, once."""
    after = {"Retry-After": "1.5", "X-RateLimit-Reset-After": "1.5", "Via": "1.1 fake"}
    for method in ("POST", "PATCH", "PUT"):
        discord.fake.faults.append(Fault(method, "/messages", 429, LIMIT, after, times=4))
    said = await discord.says("alice", "@infra create a site called hello on web1")
    others = await crowd(discord, 8, "@infra agents")
    card = await discord.seeded(said.thread)
    await discord.reacts("bob", "✅", card.message)
    await discord.until(lambda heard: heard.first(said.thread, "result"), times=3)
    heard = await all_answered(discord, others)
    assert heard.kinds(said.thread) == ["plan", "result"]
    checks.each_once(heard, others)
    checks.result_last(heard, card.message)
    assert heard.card(card.message).state == "done"


@pytest.mark.skipif(bool(absent()), reason=absent())
async def test_every_request_is_one_of_the_official_api(discord: DiscordRoom) -> None:
    """A card, a vote by button, a private word, a command and a long answer: what was sent for them."""
    card = await discord.asked()
    await discord.fake.click(card.message, card.thread, "parley:approve", USERS["guest"])
    await discord.fake.until(lambda: discord.fake.made("POST", "/webhooks/"))
    await discord.fake.click(card.message, card.thread, "parley:approve", USERS["bob"])
    await discord.post(card.thread, "result")
    said = await discord.says("alice", "@infra help")
    await discord.post(said.thread, "answer")
    await discord.kill_bot()
    await discord.start_bot()
    await discord.settled()
    assert discord.wrong() == []
    assert {each.method for each in discord.fake.requests} == {"GET", "POST", "PATCH", "PUT", "DELETE"}  # fmt: skip


async def test_a_card_that_was_deleted_is_shown_again(discord: DiscordRoom) -> None:
    """In the thread where it was; the new one decides."""
    card = await discord.asked()
    await delete(discord.fake, card.thread, card.message)
    again = await discord.until(lambda heard: second(heard, card))
    await discord.until(lambda heard: {"✅", "❌"} <= heard.offers.get(again.message, frozenset()))
    await discord.reacts("bob", "✅", again.message)
    await discord.post(card.thread, "result")


async def test_a_card_deleted_while_away_is_shown_again(discord: DiscordRoom) -> None:
    card = await discord.asked()
    await discord.kill_bot()
    await delete(discord.fake, card.thread, card.message, tell=False)
    await discord.start_bot()
    await discord.until(lambda heard: second(heard, card))


def second(heard: Heard, card: Line) -> Line | None:
    """Another card in the same thread."""
    plans = [each for each in heard.posts() if (each.thread, each.kind) == (card.thread, "plan")]
    return next((each for each in plans if each.message != card.message), None)


async def test_a_command_is_asked_in_a_thread_of_its_own(discord: DiscordRoom) -> None:
    """Acknowledged once; a sub-command that is not registered cannot even be given."""
    id = await discord.fake.command("plans", user=USERS["alice"])
    await discord.fake.until(lambda: discord.fake.made("PATCH", "/messages/@original"))
    await discord.until(lambda heard: any(each.kind == "answer" for each in heard.posts()))
    assert len(discord.fake.made("POST", f"/interactions/{id}/")) == 1
    with pytest.raises(LookupError):
        await discord.fake.command("destroy", user=USERS["alice"])


async def test_names_are_offered_while_somebody_types(discord: DiscordRoom) -> None:
    """Agents and capabilities, of the running bot's own registry."""
    offered = []
    for command, option, typed in (("ask", "agent", "we"), ("do", "request", "look")):
        focused = {"type": 3, "name": option, "value": typed, "focused": True}
        id = await discord.fake.command(command, focused, kind=4)
        path = f"/interactions/{id}/"
        (made,) = await discord.fake.until(lambda path=path: discord.fake.made("POST", path))
        offered.append([each["value"] for each in made.body["data"]["choices"]])
    assert offered == [["web1"], ["look around first"]]


async def raw(room: DiscordRoom, path: str, body: Json) -> tuple[int, int]:
    """A request with the bot's token, past the bot: the status and Discord's code."""
    head = {"Authorization": f"Bot {room.token}"}
    async with (
        aiohttp.ClientSession(headers=head) as session,
        session.post(room.fake.api_url + path, json=body) as answer,
    ):
        return answer.status, (await answer.json())["code"]


async def test_this_discord_refuses_what_the_real_one_refuses(discord: DiscordRoom) -> None:
    """The suite's own teeth: a second acknowledgement, and 2001 characters."""
    card = await discord.asked()
    id = await discord.fake.click(card.message, card.thread, "parley:approve", USERS["guest"])
    path = f"/interactions/{id}/token{id}/callback"
    await discord.fake.until(lambda: discord.fake.made("POST", path))
    assert await raw(discord, path, {"type": 6}) == (400, 40060)
    long = {"content": "x" * 2_001}
    assert await raw(discord, f"/channels/{card.thread}/messages", long) == (400, 50035)


async def test_a_deliberate_mistake_is_found() -> None:
    """The suite's own teeth: what the official description refuses."""
    if absent():
        pytest.skip(absent())
    found = official()
    long = {"content": "x" * 4_001}
    assert found.wrong("POST", f"/channels/{CHANNEL}/messages", long)
    assert found.wrong("POST", f"/channels/{CHANNEL}/messages", {"content": "x", "unknown": 1})
    assert found.wrong("POST", f"/channels/{CHANNEL}/nonsense", {})


async def test_a_request_by_voice_in_a_direct_message(discord: DiscordRoom) -> None:
    """Discord has no words beside a voice note, so this is how to ask for something new."""
    with speech.service((200, speech.text("ask web1 about disk space"), {})) as service:
        with discord.configuration.open("a", encoding="utf8") as file:
            file.write(f'\n[speech]\nurl = "{service.url}"\nmodel = "any"\n')
        await discord.kill_bot()
        await discord.start_bot()
        direct = discord.fake._direct(USERS["alice"])["id"]
        about = {"content_type": "audio/ogg", "duration_secs": 2.9, "waveform": ""}
        sound = discord.cdn.attachment(discord.fake.id(), "voice-message.ogg", b"OggS", **about)
        await discord.fake.say("", direct, USERS["alice"], files=[sound], voice=VOICE)
        await discord.until(
            lambda heard: any("Filesystem" in words for words in heard.private("alice"))
        )
        assert "ask web1 about disk space" in (await discord.heard()).private("alice")[0]
