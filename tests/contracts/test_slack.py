"""What only Slack can do to us: die, refuse, limit, take a token away; and its commands, modals and Home tab, end to end."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.contracts import checks
from tests.contracts.slack_room import CHANNEL, USERS, SlackRoom
from tests.contracts.test_delivery import READ, all_answered, crowd
from tests.contracts.test_votes import bob_decides, still_waits
from tests.servers.slack_workspace import BOT


async def test_the_server_dies_and_comes_back(slack: SlackRoom) -> None:
    card = await slack.asked()
    early = await crowd(slack, 10)
    await slack.fake.stop()
    late = await crowd(slack, 5)
    await slack.fake.start()
    heard = await all_answered(slack, [*early, *late])
    checks.each_once(heard, [*early, *late])
    await bob_decides(slack, card)


async def test_the_server_dies_while_a_plan_runs(slack: SlackRoom, tmp_path: Path) -> None:
    """What came true without anybody to tell is told when there is somebody again: once."""
    card = await slack.asked()
    await slack.reacts("bob", "✅", card.message)
    page = tmp_path / "sites" / "hello" / "index.html"
    await slack.until(lambda _: page.exists())
    await slack.fake.stop()
    await slack.fake.start()
    await slack.post(card.thread, "result")
    heard = await slack.settled()
    checks.result_last(heard, card.message)
    checks.told_the_truth(heard, card.message)


async def test_a_start_while_the_server_is_down(slack: SlackRoom) -> None:
    card = await slack.asked()
    await slack.kill_bot()
    await slack.reacts("bob", "✅", card.message)
    threads = await crowd(slack, 5)
    await slack.fake.stop()
    await slack.launch()
    await asyncio.sleep(2)  # long enough to find nobody there at least once
    await slack.fake.start()
    await slack.post(card.thread, "result")
    checks.each_once(await all_answered(slack, threads), threads)


async def test_connections_that_are_cut_in_a_burst(slack: SlackRoom) -> None:
    """What was sent over a connection that died is read; what was acknowledged is not said twice."""
    sending = asyncio.create_task(crowd(slack, 60, "@infra agents"))
    await slack.until(lambda heard: len(heard.posts()) >= 5)
    await slack.fake.drop()
    threads = await sending
    checks.each_once(await all_answered(slack, threads), threads)


async def ended(room: SlackRoom) -> int | None:
    """The exit code, once it has ended by itself."""
    assert room.process is not None
    return await asyncio.wait_for(room.process.wait(), room.patience)


async def test_a_revoked_token(slack: SlackRoom) -> None:
    """The connections have a token of their own and stay; the bot says so all the same, and ends with 1."""
    first = await slack.says("alice", READ)
    await slack.post(first.thread, "answer")
    slack.revoke()
    second = await slack.says("alice", READ)
    assert await ended(slack) == 1
    assert "does not accept the bot_token of [chat.slack]" in slack.words()
    assert "put its new token into bot_token" in slack.words()
    assert "Traceback" not in slack.words()
    await slack.kill_bot()
    await slack.start_bot()
    checks.each_once(await all_answered(slack, [second.thread]), [first.thread, second.thread])


async def test_a_token_revoked_while_a_card_is_made(slack: SlackRoom) -> None:
    """What could not be said with the dead login is said with the new one."""
    slow = await slack.says("alice", "@infra look around on box")
    await slack.until(lambda heard: heard.glanced(slow.id))
    slack.revoke()
    assert await ended(slack) == 1
    await slack.kill_bot()
    await slack.start_bot()
    checks.each_once(await all_answered(slack, [slow.thread]), [slow.thread], "plan")


async def test_a_direct_message_needs_no_mention(slack: SlackRoom) -> None:
    said = slack.fake.say(USERS["alice"], "how full is the disk on web1?", "D1")
    await slack.fake.event({**said, "channel_type": "im"})
    answer = await slack.post(f"D1/{said['ts']}", "answer")
    assert "Filesystem" in answer.text


async def test_a_reaction_taken_back_before_it_was_seen(slack: SlackRoom) -> None:
    card = await slack.asked()
    await slack.kill_bot()
    for emoji in ("✅", "❌"):
        await slack.reacts("bob", emoji, card.message)
        await slack.unreacts("bob", emoji, card.message)
    await slack.start_bot()
    await still_waits(slack, card)
    await bob_decides(slack, card)


async def test_the_bot_never_votes_even_where_it_is_an_operator(tmp_path: Path, port: int) -> None:
    room = SlackRoom(tmp_path, port, trusted=True)
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


@pytest.fixture
def slow_room(slack: SlackRoom) -> SlackRoom:
    """One message a second in a channel, and fifty of the others a minute, as Slack's documentation says."""
    slack.fake.limits["chat.postMessage"] = (1, 1.0)
    for method in ("chat.update", "reactions.add", "reactions.remove", "reactions.get"):
        slack.fake.limits[method] = (50, 60.0)
    return slack


async def test_default_rate_limits(slow_room: SlackRoom) -> None:
    """Everything comes out, late, in order, once."""
    said = await slow_room.says("alice", "@infra create a site called hello on web1")
    others = await crowd(slow_room, 8, "@infra agents")
    card = await slow_room.seeded(said.thread)
    await slow_room.reacts("bob", "✅", card.message)
    await slow_room.until(lambda heard: heard.first(said.thread, "result"), times=3)
    heard = await all_answered(slow_room, others)
    assert heard.kinds(said.thread) == ["plan", "result"]
    checks.each_once(heard, others)
    checks.result_last(heard, card.message)
    assert heard.card(card.message).state == "done"


async def test_a_card_that_somebody_deletes(slack: SlackRoom) -> None:
    """Another one comes in its place, on which votes count."""
    card = await slack.asked()
    channel, _, stamp = card.message.partition("/")
    await slack.fake.event(slack.fake.delete(channel, stamp))
    second = await slack.until(
        lambda heard: next(
            (e for e in heard.posts(card.thread) if e.kind == "plan" and e.message != card.message),
            None,
        )
    )
    await slack.reacts("bob", "✅", second.message)
    await slack.post(card.thread, "result")


async def test_a_channel_that_is_archived(slack: SlackRoom) -> None:
    """A plan whose card nobody can see is not left waiting: it ends, and other rooms go on."""
    card = await slack.asked()
    slack.fake.close(CHANNEL, "is_archived")
    await slack.fake.event({"type": "channel_archive", "channel": CHANNEL, "user": USERS["bob"]})
    await slack.until(lambda _: "That channel was archived" in slack.words())
    said = slack.fake.say(USERS["alice"], "plans", "D1")
    await slack.fake.event({**said, "channel_type": "im"})
    answer = await slack.post(f"D1/{said['ts']}", "answer")
    assert f"`{card.data['plan']['id'][-4:]}` expired" in answer.text


def tab(room: SlackRoom, person: str) -> str:
    """What somebody reads on their Home tab."""
    blocks = room.fake.tabs.get(USERS[person], {}).get("blocks", [])
    parts = json.dumps(blocks, ensure_ascii=False)
    return parts if blocks else ""


async def opens_home(room: SlackRoom, person: str) -> None:
    opened = {"type": "app_home_opened", "user": USERS[person], "channel": "D1", "tab": "home"}
    await room.fake.event(opened)
    await room.until(lambda _: tab(room, person))


async def test_the_home_tab(slack: SlackRoom) -> None:
    """What waits for whom; it follows what happens, and says nothing to whoever is not known."""
    for person in ("alice", "bob", "mallory"):
        await opens_home(slack, person)
    assert "Nothing waits for your approval." in tab(slack, "bob")
    assert "web1" in tab(slack, "bob")
    assert "do not know this account" in tab(slack, "mallory")
    assert "web1" not in tab(slack, "mallory")
    card = await slack.asked()
    await slack.until(lambda _: "Create a site called hello" in tab(slack, "bob"))
    where = f"https://acme.slack.com/archives/C1/p{card.message.partition('/')[2].replace('.', '')}"
    assert where in tab(slack, "bob")
    await slack.reacts("bob", "✅", card.message)
    await slack.until(lambda _: "Nothing waits for your approval." in tab(slack, "bob"))
    await slack.post(card.thread, "result")
    await slack.until(lambda _: "Nothing runs." in tab(slack, "bob"))
    published = [each["user_id"] for each in slack.fake.called("views.publish")]
    assert published.count(USERS["mallory"]) == 1
    assert published.count(USERS["bob"]) <= 6  # what the tab says, not every step of the run


async def submits(room: SlackRoom, view: dict[str, Any], **values: Any) -> None:
    """Alice fills the modal in."""
    state = {"values": {name: {name: value} for name, value in values.items()}}
    view = {**view, "id": "V77", "state": state}
    payload = {"type": "view_submission", "user": {"id": USERS["alice"]}, "view": view}
    await room.fake.acknowledged(await room.fake.send("interactive", payload))


async def test_a_command_without_words(slack: SlackRoom) -> None:
    """A modal, with agents and capabilities offered while somebody types; what is submitted is a request like any other."""
    command = {"command": "/infra", "text": "", "channel_id": CHANNEL, "user_id": USERS["alice"]}
    await slack.fake.send("slash_commands", {**command, "trigger_id": "t1"})
    await slack.fake.until(lambda: slack.fake.called("views.open"))
    (opened,) = slack.fake.called("views.open")
    asked = {"type": "block_suggestion", "user": {"id": USERS["alice"]}, "view": opened["view"]}
    for id, typed, found in (("agent", "WE", "web1"), ("capability", "create", "create a site")):
        search = {**asked, "action_id": id, "block_id": id, "value": typed}
        sent = await slack.fake.send("interactive", search)
        await slack.fake.acknowledged(sent)
        assert found in json.dumps(slack.fake.answers[sent]["options"])
    await submits(
        slack,
        opened["view"],
        words={"value": "create a site called hello"},
        agent={"selected_option": {"value": "web1"}},
    )
    plan = await slack.until(
        lambda heard: next((each for each in heard.posts() if each.kind == "plan"), None)
    )
    assert plan.data["plan"]["steps"][0]["slots"]["name"] == "hello"
    assert BOT not in plan.text
