"""What is heard over Socket Mode: everything that people say and do, each once, stored before it is acknowledged."""

import asyncio
import json

from bot.model.events import Click, Message, Reaction
from bot.model.people import Conversation
from bot.model.ports import Shown
from tests.chat.slack.scenes import (
    ALICE,
    BOB,
    INSTANCE,
    VOTES,
    Bench,
    Scene,
    account,
    card,
    outgoing,
    press,
)
from tests.servers.slack_fake import Reply, SlackFake
from tests.servers.slack_workspace import BOT


async def answering(fake: SlackFake) -> None:
    """Wait until what needs no storing is answered, over each of the two connections: what could be acknowledged before is."""
    search = {"type": "block_suggestion", "user": {"id": ALICE}, "action_id": "agent", "value": ""}
    sent = [await fake.send("interactive", {**search, "block_id": "agent"}) for _ in range(2)]
    await fake.acknowledged(*sent)


async def test_a_mention_is_stored_and_then_acknowledged(bench: Bench, fake: SlackFake) -> None:
    hold = asyncio.Event()
    hold.set()
    ears = bench.hear(bench.chat(), hold=hold)
    await ears.placed()
    await fake.connected(2)
    hold.clear()
    said = fake.say(
        ALICE, "<@U0BOT> add &lt;a&gt; site for <http://shop.example.org|shop.example.org>"
    )
    sent = await fake.event({**said, "type": "app_mention"})
    await ears.holding(ears.held + 1)
    later = await fake.event(fake.say(BOB, "hello"))
    await answering(fake)
    assert (fake.acks[sent], fake.acks[later]) == (0, 0)
    hold.set()
    await fake.acknowledged(sent, later)
    first, second = await ears.until(lambda events: len(events) == 2)
    assert isinstance(first, Message)
    assert first.id == f"C1/{said['ts']}"
    assert first.text == "add <a> site for shop.example.org"
    assert (first.addressed, first.fresh_thread, first.account) == (True, True, account(ALICE))
    assert first.conversation == Conversation(INSTANCE, "C1", said["ts"])
    assert isinstance(second, Message)
    assert not second.addressed
    assert set(fake.acks.values()) == {1}


async def test_nothing_is_acknowledged_while_nothing_is_stored(
    bench: Bench, fake: SlackFake
) -> None:
    """A process that ends between hearing and storing has acknowledged nothing, and hears it again."""
    hold = asyncio.Event()
    hold.set()
    ears = bench.hear(bench.chat(), hold=hold)
    await ears.placed()
    await fake.connected(2)
    hold.clear()
    said = fake.say(ALICE, "<@U0BOT> add a site")
    before = ears.held
    sent = await fake.event(said)
    await ears.holding(before + 1)
    await answering(fake)
    await ears.stop()
    assert fake.acks[sent] == 0
    await fake.until(lambda: not fake.sockets)
    again = bench.hear(bench.chat(), ears.cursor)
    await fake.event(said, envelope_id=sent, retry_attempt=1, retry_reason="timeout")
    await fake.acknowledged(sent)
    await again.until(lambda events: len(events) == 1)
    assert fake.acks[sent] == 1


async def test_a_mention_comes_as_two_events_and_is_one_message(scene: Scene) -> None:
    said = scene.fake.say(ALICE, "<@U0BOT> status")
    await scene.fake.event({**said, "type": "app_mention"})
    await scene.fake.event({**said, "channel_type": "channel"})
    await scene.fake.acknowledged(await scene.fake.event(said, retry_attempt=2))
    assert len(scene.ears.events) == 1
    assert scene.ears.heard == 3


async def test_what_is_nobodys_words_is_no_message(scene: Scene) -> None:
    fake = scene.fake
    said = fake.say(ALICE, "<@U0BOT> status")
    noise = [
        {**said, "user": BOT},
        {**said, "bot_id": "B9"},
        {**said, "subtype": "bot_message"},
        {**said, "subtype": "channel_join"},
        {**said, "subtype": "message_changed", "message": {**said, "text": "approve"}},
        {**said, "subtype": "message_deleted"},
        {
            "type": "reaction_added",
            "user": BOT,
            "reaction": "x",
            "item": {"channel": "C1", "ts": said["ts"]},
        },
        {
            "type": "reaction_added",
            "user": BOB,
            "reaction": "taco",
            "item": {"channel": "C1", "ts": said["ts"]},
        },
        {"type": "star_added"},
        {},
    ]
    ids = [await fake.event(each) for each in noise]
    await fake.acknowledged(*ids)  # acknowledged all the same, or Slack would send them for ever
    assert scene.ears.events == []


async def test_a_reply_in_a_thread_and_a_direct_message(scene: Scene) -> None:
    root = await scene.root()
    await scene.fake.event(scene.fake.say(BOB, "use port 9090", thread_ts=root))
    await scene.fake.event({**scene.fake.say(ALICE, "disk space?", "D1"), "channel_type": "im"})
    _, reply, direct = await scene.ears.until(lambda events: len(events) == 3)
    assert isinstance(reply, Message)
    assert isinstance(direct, Message)
    assert (reply.addressed, reply.fresh_thread) == (False, False)
    assert reply.conversation == Conversation(INSTANCE, "C1", root)
    assert (direct.addressed, direct.conversation.room) == (True, "D1")


async def test_reactions_put_and_taken_off(scene: Scene) -> None:
    root = await scene.root()
    for name in ("white_check_mark", "+1::skin-tone-3", "octagonal_sign"):
        event = scene.fake.react(BOB, name, "C1", root)
        await scene.fake.acknowledged(await scene.fake.event(event))
    await scene.fake.event(scene.fake.react(BOB, "white_check_mark", "C1", root, on=False))
    events = (await scene.ears.until(lambda events: len(events) == 5))[1:]
    assert [(event.emoji, event.added) for event in events if isinstance(event, Reaction)] == [
        ("✅", True),
        ("👍", True),
        ("🛑", True),
        ("✅", False),
    ]
    assert {event.message for event in events if isinstance(event, Reaction)} == {f"C1/{root}"}


async def test_a_click(scene: Scene) -> None:
    root = await scene.root()
    reference = await scene.chat.send(
        outgoing("k1", thread=root, report=card("Plan", controls=VOTES))
    )
    payload = press(reference, "approve", root)
    sent = await scene.fake.send("interactive", payload, accepts_response_payload=True)
    await scene.fake.send("interactive", payload, retry_attempt=1)
    await scene.fake.acknowledged(sent)
    _, click = await scene.ears.until(lambda events: len(events) == 2)
    assert isinstance(click, Click)
    assert (click.action, click.message, click.account) == ("approve", reference, account(BOB))
    assert click.conversation == Conversation(INSTANCE, "C1", root)


async def test_sixty_messages_while_the_bot_was_away(scene: Scene) -> None:
    root = await scene.root()
    old = await scene.root("<@U0BOT> an older thread")
    await scene.ears.until(lambda _: old in str(scene.ears.cursor))
    await scene.chat.send(outgoing("k1", thread=root, report=card("Plan", controls=VOTES)))
    cursor = await scene.ears.stop()
    fake = scene.fake
    said = [fake.say(ALICE, f"<@U0BOT> request {number}")["ts"] for number in range(40)]
    said += [fake.say(BOB, f"reply {number}", thread_ts=old)["ts"] for number in range(10)]
    said += [fake.say(BOB, f"reply {number}", thread_ts=root)["ts"] for number in range(8)]
    said += [fake.say(BOB, f"direct {number}", "D1")["ts"] for number in range(2)]
    again = scene.bench.hear(scene.bench.chat(), cursor)
    events = await again.until(lambda events: len(events) == 60)
    assert [event.id.partition("/")[2] for event in events] == said
    assert again.heard == 60
    await fake.event(fake.say(ALICE, "<@U0BOT> the end"))
    await again.until(lambda events: len(events) == 61)
    third = scene.bench.hear(
        scene.bench.chat(), await again.stop()
    )  # neither replayed nor forgotten
    await fake.event(fake.say(ALICE, "<@U0BOT> after the end"))
    assert len(await third.until(lambda events: bool(events))) == 1
    assert third.lost == []


async def test_three_hundred_in_a_burst(scene: Scene) -> None:
    fake = scene.fake
    said = [fake.say(ALICE, f"<@U0BOT> request {number}") for number in range(300)]
    ids = [await fake.event(each) for each in said]
    await fake.acknowledged(*ids)
    assert sorted(event.id for event in scene.ears.events) == sorted(f"C1/{e['ts']}" for e in said)
    assert scene.ears.heard == 300
    assert set(fake.acks.values()) == {1}


async def test_what_was_edited_or_is_older_than_the_bots_joining(scene: Scene) -> None:
    cursor = await scene.ears.stop()
    fake = scene.fake
    fake.say(ALICE, "<@U0BOT> before you came")
    fake.say(BOT, "joined", subtype="channel_join")
    fake.say(ALICE, "approve", edited={"user": ALICE, "ts": fake.stamp()})
    fake.say(ALICE, "<@U0BOT> now you are here")
    again = scene.bench.hear(scene.bench.chat(), cursor)
    (event,) = await again.until(lambda events: bool(events) and bool(again.lost))
    assert isinstance(event, Message)
    assert event.text == "now you are here"
    assert "edited while I was away" in again.lost[0]


async def test_history_that_is_refused_is_said(scene: Scene) -> None:
    cursor = await scene.ears.stop()
    scene.fake.scripts["conversations.history"] = [Reply("missing_scope")]
    scene.fake.say(ALICE, "<@U0BOT> lost")
    again = scene.bench.hear(scene.bench.chat(), cursor)
    await again.until(lambda _: bool(again.lost))
    assert again.lost == ["Messages in C1 from while I was away could not all be read."]


async def test_reactions_are_reconciled(scene: Scene) -> None:
    root = await scene.root()
    reference = await scene.chat.send(
        outgoing("k1", thread=root, report=card("Plan", controls=VOTES))
    )
    await scene.ears.stop()
    stamp = reference.partition("/")[2]
    scene.fake.react(BOB, "white_check_mark", "C1", stamp)
    known = frozenset({(account(ALICE), "❌")})
    chat = scene.bench.chat()
    events = await chat.reconcile([Shown(reference, Conversation(INSTANCE, "C1", root), known)])
    assert [(e.account, e.emoji, e.added) for e in events if isinstance(e, Reaction)] == [
        (account(BOB), "✅", True),
        (account(ALICE), "❌", False),
    ]
    assert await chat.reconcile([Shown("C1/1.1", Conversation(INSTANCE, "C1", root))]) == []


async def test_a_cursor_is_json_of_positions(scene: Scene) -> None:
    root = await scene.root()
    await scene.ears.until(lambda _: "C1" in json.loads(scene.ears.cursor or "{}"))
    await scene.fake.acknowledged(await scene.fake.event(scene.fake.say(BOB, "more")))
    assert json.loads(scene.ears.cursor or "{}")["C1"] > root
