"""What people do in a real room, as the adapter hears it."""

import asyncio
from pathlib import Path

from bot.model.events import Event, Message, Reaction
from bot.model.people import Conversation
from tests.chat.matrix.scenes import (
    INSTANCE,
    Bench,
    Scene,
    account,
    card,
    joined,
    killed,
    outgoing,
    stored,
    until_stored,
)
from tests.servers.matrix_driver import Driver


def messages(events: list[Event]) -> list[Message]:
    return [event for event in events if isinstance(event, Message)]


def reactions(events: list[Event]) -> list[Reaction]:
    return [event for event in events if isinstance(event, Reaction)]


def texts(events: list[Event]) -> list[str]:
    return [message.text for message in messages(events)]


async def test_a_mention_opens_a_thread(scene: Scene, alice: Driver) -> None:
    ids = [
        await alice.say(scene.room, "@infra what is using the disk?"),
        await alice.say(scene.room, "infra: what is using the disk?"),
        await alice.say(scene.room, "!infra what is using the disk?"),
        await alice.say(scene.room, f"{scene.bot} what is using the disk?"),
        await alice.say(scene.room, f"{scene.bot[1:].partition(':')[0]}: what is using the disk?"),
        await alice.say(scene.room, "what is using the disk?", mention=scene.bot),
    ]
    heard = messages(await scene.ears.until(lambda events: len(events) >= 6))
    assert [message.id for message in heard] == ids
    assert {message.text for message in heard} == {"what is using the disk?"}
    assert all(message.addressed and message.fresh_thread for message in heard)
    assert [message.conversation for message in heard] == [
        Conversation(INSTANCE, scene.room, id) for id in ids
    ]
    assert {message.account for message in heard} == {account(alice)}


async def test_words_that_only_look_like_a_mention(scene: Scene, alice: Driver) -> None:
    said = [
        "@infrastructure meets at ten",
        "@infra:elsewhere.org add a site",
        "infra is slow today",
        "ask infra: it knows",
    ]
    for text in said:
        await alice.say(scene.room, text)
    heard = messages(await scene.ears.until(lambda events: len(events) >= 4))
    assert [message.text for message in heard] == said
    assert not any(message.addressed for message in heard)


async def test_a_reply_in_the_thread_without_a_mention(scene: Scene, alice: Driver) -> None:
    root = await alice.say(scene.room, "@infra add a site")
    await alice.say(scene.room, "use port 9090", root)
    await alice.say(scene.room, "@infra something else", root)
    _, plain, named = messages(await scene.ears.until(lambda events: len(events) >= 3))
    assert plain.conversation == Conversation(INSTANCE, scene.room, root)
    assert (plain.addressed, plain.fresh_thread, plain.text) == (False, False, "use port 9090")
    assert (named.addressed, named.fresh_thread, named.text) == (True, False, "something else")


async def test_a_reply_to_the_card_in_a_client_without_threads(scene: Scene, alice: Driver) -> None:
    root = await alice.say(scene.room, "@infra add a site")
    reference = await scene.chat.send(scene.post("k1", card("Plan 7f3a"), root))
    body = f"> <{scene.bot}> Plan 7f3a\n> second line\n\nuse port 9090"
    content = {
        "msgtype": "m.text",
        "body": body,
        "m.relates_to": {"m.in_reply_to": {"event_id": reference}},
        "m.mentions": {"user_ids": [scene.bot]},  # put there by the client, not by alice
    }
    await alice.put(scene.room, "m.room.message", content)
    _, reply = messages(await scene.ears.until(lambda events: len(events) >= 2))
    assert reply.text == "use port 9090"
    assert not reply.addressed
    assert reply.conversation == Conversation(INSTANCE, scene.room, root)
    assert not reply.fresh_thread


async def test_a_reaction_comes_and_goes(scene: Scene, alice: Driver, bob: Driver) -> None:
    await alice.invite(scene.room, bob.user)
    await bob.join(scene.room)
    root = await alice.say(scene.room, "@infra add a site")
    reference = await scene.chat.send(scene.post("k1", card("Plan 7f3a"), root))
    put = await bob.react(scene.room, reference, "\N{HEAVY CHECK MARK}\N{VARIATION SELECTOR-16}")
    await scene.ears.until(lambda events: bool(reactions(events)))
    gone = await bob.redact(scene.room, put)
    added, removed = reactions(await scene.ears.until(lambda events: len(reactions(events)) == 2))
    assert (added.id, added.added, added.emoji) == (put, True, "\N{HEAVY CHECK MARK}")
    assert (removed.id, removed.added, removed.emoji) == (gone, False, "\N{HEAVY CHECK MARK}")
    assert added.message == removed.message == reference
    assert added.account == removed.account == account(bob)


async def test_a_moderator_takes_a_vote_away_from_its_owner(
    scene: Scene, alice: Driver, bob: Driver
) -> None:
    await alice.invite(scene.room, bob.user)
    await bob.join(scene.room)
    root = await alice.say(scene.room, "@infra add a site")
    put = await bob.react(scene.room, root, "✅")
    await scene.ears.until(lambda events: bool(reactions(events)))
    await alice.redact(scene.room, put)
    events = await scene.ears.until(lambda events: len(reactions(events)) == 2)
    assert reactions(events)[-1].account == account(bob)
    assert not reactions(events)[-1].added


async def test_what_is_nobodys_word(scene: Scene, alice: Driver, bob: Driver) -> None:
    """The bot's own words and reactions, another bot's notices, edits, a removed message: none is a Message or a vote."""
    await alice.invite(scene.room, bob.user)
    await bob.join(scene.room)
    root = await alice.say(scene.room, "hello")
    reference = await scene.chat.send(scene.post("k1", card("@infra Plan 7f3a"), root))
    await alice.edit(scene.room, root, "@infra approve")
    await alice.put(
        scene.room,
        "m.reaction",
        {"m.relates_to": {"rel_type": "m.replace", "event_id": reference, "key": "✅"}},
    )
    await bob.put(scene.room, "m.room.message", {"msgtype": "m.notice", "body": "@infra approve"})
    await scene.chat.send(outgoing("k2", "react", scene.room, root, message=reference, emoji="✅"))
    await alice.redact(scene.room, root)
    await alice.say(scene.room, "the end")
    events = await scene.ears.until(lambda events: "the end" in texts(events))
    assert texts(events) == ["hello", "the end"]
    assert reactions(events) == []


async def test_an_invitation_is_followed_and_what_was_said_with_it_is_heard(
    bench: Bench, alice: Driver
) -> None:
    ears = bench.hear(bench.chat())
    cursor = await ears.placed()
    await ears.stop()
    room = await alice.create()
    await alice.say(room, "@infra said before anybody was invited")
    await alice.invite(room, bench.user.id)
    await alice.say(room, "@infra said with the invitation")
    again = bench.hear(bench.chat(), cursor)
    await joined(alice, room, bench.user.id)
    await alice.say(room, "@infra said afterwards")
    events = await again.until(lambda events: len(events) >= 2)
    assert texts(events) == ["said with the invitation", "said afterwards"]


async def test_an_invitation_that_nobody_answered_before_a_restart(
    bench: Bench, alice: Driver
) -> None:
    room = await alice.create(bench.user.id)
    ears = bench.hear(bench.chat())
    await joined(alice, room, bench.user.id)
    await alice.say(room, "@infra hello")
    assert texts(await ears.until(lambda events: bool(events))) == ["hello"]


async def test_only_who_is_known_may_invite(bench: Bench, alice: Driver, bob: Driver) -> None:
    bench.hear(bench.chat(invites="known", inviters=(alice.user,)))
    strange = await bob.create(bench.user.id)
    room = await alice.create(bench.user.id)
    await joined(alice, room, bench.user.id)
    state = await bob.request("GET", "rooms", strange, "state", "m.room.member", bench.user.id)
    for _ in range(400):
        state = await bob.request("GET", "rooms", strange, "state", "m.room.member", bench.user.id)
        if state["membership"] != "invite":
            break
    assert state["membership"] == "leave"


async def test_a_direct_room_needs_no_mention(bench: Bench, alice: Driver, bob: Driver) -> None:
    ears = bench.hear(bench.chat())
    await ears.placed()
    room = await alice.create(bench.user.id, is_direct=True, preset="trusted_private_chat")
    await joined(alice, room, bench.user.id)
    root = await alice.say(room, "what is using the disk?")
    await alice.say(room, "the second one", root)
    first, reply = messages(await ears.until(lambda events: len(events) >= 2))
    assert (first.addressed, reply.addressed) == (True, False)
    await alice.invite(room, bob.user)
    await bob.join(room)
    await bob.say(room, "hello alice")
    events = await ears.until(lambda events: len(events) >= 3)
    assert not messages(events)[-1].addressed


async def test_messages_while_away_each_once_and_in_order(scene: Scene, alice: Driver) -> None:
    """More of them than a server tells at once."""
    await alice.say(scene.room, "@infra first")
    await scene.ears.until(lambda events: bool(events))
    cursor = await scene.ears.stop()
    root = await alice.say(scene.room, "@infra opened while away")
    vote = await alice.react(scene.room, root, "✅")
    for number in range(160):
        await alice.say(scene.room, f"@infra {number}")
    ears = scene.bench.hear(scene.bench.chat(), cursor)
    events = await ears.until(lambda events: len(events) >= 162)
    await alice.say(scene.room, "@infra last")
    events = await ears.until(lambda events: "last" in texts(events))
    wanted = ["opened while away", *map(str, range(160)), "last"]
    assert texts(events) == wanted
    assert [reaction.id for reaction in reactions(events)] == [vote]


async def test_a_burst_of_three_hundred(scene: Scene, alice: Driver, bob: Driver) -> None:
    await alice.invite(scene.room, bob.user)
    await bob.join(scene.room)
    for start in range(0, 300, 30):
        numbers = range(start, start + 30)
        await asyncio.gather(*((alice, bob)[n % 2].say(scene.room, f"@infra {n}") for n in numbers))
    events = await scene.ears.until(lambda events: len(events) >= 300, seconds=60)
    assert sorted(texts(events), key=int) == list(map(str, range(300)))
    order = [each.id for each in await alice.messages(scene.room)]
    assert [message.id for message in messages(events)] == order


async def test_a_restart_neither_replays_nor_forgets(scene: Scene, alice: Driver) -> None:
    await alice.say(scene.room, "@infra first")
    await scene.ears.until(lambda events: len(events) == 1)
    cursor = await scene.ears.stop()
    for turn in range(3):
        await alice.say(scene.room, f"@infra turn {turn}")
        ears = scene.bench.hear(scene.bench.chat(), cursor)
        events = await ears.until(lambda events: bool(events))
        assert texts(events) == [f"turn {turn}"]
        cursor = await ears.stop()


async def test_without_a_cursor_it_begins_now(scene: Scene, alice: Driver) -> None:
    """Also when it began a moment ago: the server must not answer the first question from its cache."""
    await scene.ears.stop()
    await alice.say(scene.room, "@infra old")
    ears = scene.bench.hear(scene.bench.chat())
    await ears.placed()
    await alice.say(scene.room, "@infra new")
    assert texts(await ears.until(lambda events: bool(events))) == ["new"]


async def test_what_was_not_stored_is_heard_again(scene: Scene, alice: Driver) -> None:
    cursor = await scene.ears.placed()
    await scene.ears.stop()
    await alice.say(scene.room, "@infra hello")
    for _ in range(2):
        async for batch in scene.bench.chat().listen(cursor):
            assert texts(list(batch.events)) == ["hello"]
            break  # the process dies before the commit


async def test_an_encrypted_room_gets_one_sentence(
    bench: Bench, alice: Driver, tmp_path: Path
) -> None:
    """Where the libraries of encryption are not installed."""
    heard = tmp_path / "heard"
    encryption = {
        "type": "m.room.encryption",
        "state_key": "",
        "content": {"algorithm": "m.megolm.v1.aes-sha2"},
    }
    async with killed(bench.process(heard, "plain")):
        room = await alice.create(bench.user.id, initial_state=[encryption])
        await joined(alice, room, bench.user.id)
        secret = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "session_id": "y"}
        await alice.put(room, "m.room.encrypted", secret)
        await alice.until(room, lambda found: any("encrypted" in each.text for each in found))
    (kept,) = bench.data.iterdir()
    kept.unlink()  # a new device: the server's memory of old requests does not help
    async with killed(bench.process(heard, "plain")):
        await alice.put(room, "m.room.encrypted", secret)
        await alice.say(room, "@infra in clear")
        await until_stored(heard, 1)
        other = await alice.create(bench.user.id)
        await joined(alice, other, bench.user.id)  # after the word would have been said again
    assert list(stored(heard).values()) == ["in clear"]
    said = [each.text for each in await alice.messages(room) if each.sender == bench.user.id]
    assert len(said) == 1
