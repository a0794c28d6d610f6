"""Encrypted rooms on a real Synapse, read and written by people whose client is nio's own, with their own keys."""

import pytest

pytest.importorskip("vodozemac", reason="the extra matrix-nio[e2e] is not installed")

import base64
import json

from msgspec.structs import replace
from nio.crypto import decrypt_attachment

from bot.model.errors import PermanentError
from bot.model.events import Message, Reaction
from bot.model.people import Account
from bot.model.reports import Attachment
from tests.chat.matrix.scenes import INSTANCE, VOTES, Bench, card, joined, outgoing
from tests.chat.matrix.secrecy import ENCRYPTION, Phone, Secret, enter, numbers, shown, texts
from tests.servers.matrix_driver import Driver, Json
from tests.servers.synapse import Synapse, User


async def test_a_mention_is_read(secret: Secret) -> None:
    asked = await secret.carol.say(secret.room, "infra: restart nginx")
    answered = await secret.carol.say(secret.room, "and php", asked)
    first, second = await secret.ears.until(lambda events: len(events) == 2)
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert (first.text, first.addressed, first.id) == ("restart nginx", True, asked)
    assert first.account == Account(INSTANCE, secret.carol.user)
    assert (second.text, second.conversation.thread) == ("and php", asked)
    assert second.id == answered


async def test_nothing_but_reactions_is_in_clear(secret: Secret) -> None:
    asked = await secret.carol.say(secret.room, "infra: restart nginx")
    report = card("the plan", controls=VOTES, attachments=(Attachment("log.txt", "a line"),))
    sent = outgoing("k1", "post", secret.room, asked, report=report)
    reference = await secret.chat.send(sent)
    assert await secret.chat.send(sent) == reference
    edit = outgoing("k2", "edit", secret.room, asked, report=card("done"), message=reference)
    assert await secret.chat.send(edit) == reference
    told, file = [
        each for each in await secret.carol.messages(secret.room) if each.sender == secret.bot
    ]
    assert (told.text, told.thread, told.edited, told.report["key"]) == ("done", asked, True, "k2")
    opened_by = file.content["file"]
    raw = await secret.carol.download(opened_by["url"])
    assert raw != b"a line"
    key, hash = opened_by["key"]["k"], opened_by["hashes"]["sha256"]
    assert decrypt_attachment(raw, key, hash, opened_by["iv"]) == b"a line"
    plain = await Driver._events(secret.carol, secret.room)  # as the server has it
    kinds = {event["type"] for event in plain if event["sender"] == secret.bot}
    assert kinds == {"m.room.member", "m.room.encrypted", "m.reaction", "m.room.redaction"}
    assert "plan" not in str(plain)


async def test_a_vote_in_an_encrypted_room(secret: Secret) -> None:
    report = card("the plan", controls=VOTES)
    reference = await secret.chat.send(outgoing("k1", "post", secret.room, "", report=report))
    await secret.carol.react(secret.room, reference, "✅")
    (vote,) = await secret.ears.until(lambda events: len(events) == 1)
    assert isinstance(vote, Reaction)
    assert (vote.message, vote.emoji) == (reference, "✅")


async def test_a_long_text_fits(secret: Secret) -> None:
    for number, length in enumerate((22_000, 24_400, 40_000, 70_000)):
        sent = outgoing(f"k{number}", "post", secret.room, "", report=card("x" * length))
        await secret.chat.send(sent)
    assert "(unreadable)" not in await shown(secret.carol, secret.room, secret.bot)


async def test_a_new_phone_reads_the_next_answer(
    secret: Secret, phone: Phone, carol: User, synapse: Synapse
) -> None:
    await secret.chat.send(outgoing("k1", "post", secret.room, "", report=card("one")))
    fresh = await phone(synapse.session(carol))
    await fresh.say(secret.room, "infra: from my new phone")
    await secret.ears.until(lambda events: texts(events) == ["from my new phone"])
    await secret.chat.send(outgoing("k2", "post", secret.room, "", report=card("two")))
    assert await shown(fresh, secret.room, secret.bot) == ["(unreadable)", "two"]
    assert await shown(secret.carol, secret.room, secret.bot) == ["one", "two"]


async def test_who_left_reads_no_more(secret: Secret, phone: Phone, synapse: Synapse) -> None:
    dave = await phone(synapse.register(f"dave{next(numbers)}"))
    await secret.carol.invite(secret.room, dave.user)
    await dave.join(secret.room)
    await secret.chat.send(outgoing("k1", "post", secret.room, "", report=card("one")))
    assert await shown(dave, secret.room, secret.bot) == ["one"]
    await dave.leave(secret.room)
    await secret.chat.send(outgoing("k2", "post", secret.room, "", report=card("two")))
    olm = dave.client.olm
    await dave.look()
    known = {session.id for session in olm.inbound_group_store}
    used = {
        event["content"]["session_id"]
        for event in await Driver._events(secret.carol, secret.room)  # as the server has it
        if event["type"] == "m.room.encrypted" and event["sender"] == secret.bot
    }
    assert len(used) == 2
    assert len(used & known) == 1


async def test_what_may_have_been_sent_is_found_again(secret: Secret) -> None:
    asked = await secret.carol.say(secret.room, "infra: restart nginx")
    sent = outgoing("k1", "post", secret.room, asked, report=card("once"))
    reference = await secret.chat.send(sent)
    again = secret.bench.chat()
    assert await again.send(replace(sent, uncertain=True)) == reference
    assert await shown(secret.carol, secret.room, secret.bot) == ["once"]


async def test_plain_and_encrypted_rooms_side_by_side(secret: Secret, alice: Driver) -> None:
    plain = await alice.create(secret.bot)
    await joined(alice, plain, secret.bot)
    await alice.say(plain, "infra: in clear")
    await secret.ears.until(lambda events: texts(events) == ["in clear"])
    await secret.carol.say(secret.room, "infra: in secret")
    await secret.ears.until(lambda events: texts(events) == ["in clear", "in secret"])
    await secret.chat.send(outgoing("k1", "post", plain, "", report=card("clear")))
    assert await shown(alice, plain, secret.bot) == ["clear"]
    await alice.put_state(plain, "m.room.encryption", ENCRYPTION["content"])
    await alice.say(plain, "infra: now it is encrypted")
    await secret.ears.until(lambda events: len(events) == 3)
    await secret.chat.send(outgoing("k2", "post", plain, "", report=card("closed")))
    kinds = [
        e["type"] for e in await alice._events(plain) if e["sender"] == secret.bot
    ]  # as the server has it
    assert kinds == ["m.room.member", "m.room.message", "m.room.encrypted"]


async def test_words_for_one_person_stay_encrypted(secret: Secret) -> None:
    only = Account(INSTANCE, secret.carol.user)
    report = card("your secret")
    await secret.chat.send(outgoing("k1", "post", secret.room, "", report=report, only_to=only))
    (private,) = await secret.carol.invitations()
    await secret.carol.join(private)
    assert await shown(secret.carol, private, secret.bot) == ["your secret"]
    plain = await Driver._events(secret.carol, private)  # as the server has it
    assert "your secret" not in str(plain)


async def test_known_devices_alone(
    bench: Bench, phone: Phone, carol: User, synapse: Synapse
) -> None:
    trusted = {carol.id: [carol.device]}
    secret = await enter(bench, await phone(carol), trust="known", trusted=trusted)
    unknown = await phone(synapse.session(carol))
    for driver, text in ((unknown, "from the unknown"), (secret.carol, "from the known")):
        await driver.say(secret.room, f"infra: {text}")
    await secret.ears.until(lambda events: texts(events) == ["from the unknown", "from the known"])
    await secret.chat.send(outgoing("k1", "post", secret.room, "", report=card("answer")))
    assert await shown(secret.carol, secret.room, secret.bot) == ["answer"]
    assert await shown(unknown, secret.room, secret.bot) == ["(unreadable)"]


async def test_devices_that_publish_nonsense_stop_nothing(secret: Secret, synapse: Synapse) -> None:
    mallory = synapse.register(f"mallory{next(numbers)}")
    body = {
        "device_keys": {
            "user_id": mallory.id,
            "device_id": mallory.device,
            "algorithms": [],
            "keys": {f"curve25519:{mallory.device}": "?", f"ed25519:{mallory.device}": "?"},
            "signatures": {mallory.id: {f"ed25519:{mallory.device}": "?"}},
        }
    }
    async with Driver(synapse.url, mallory.id, mallory.token) as driver:
        await driver.request("POST", "keys", "upload", body=body)
        room = await driver.create(secret.bot, initial_state=[ENCRYPTION])
        await joined(driver, room, secret.bot)  # not carol's room: her nio dies of such a device
        found = await driver.request(
            "POST", "keys", "query", body={"device_keys": {secret.bot: []}}
        )
        (device,) = found["device_keys"][secret.bot].values()
        key = device["keys"][f"curve25519:{device['device_id']}"]
        bodies = [{"type": kind, "body": text} for kind in (0, 1) for text in ("?", "AAAA", "")]
        olm = {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": key}
        for content in (*NONSENSE, *(olm | {"ciphertext": {key: each}} for each in bodies)):
            messages = {"messages": {secret.bot: {"*": content}}}
            txn = f"nonsense{next(numbers)}"
            await driver.request("PUT", "sendToDevice", "m.room.encrypted", txn, body=messages)
            await driver.put(room, "m.room.encrypted", content)
        await secret.chat.send(outgoing("k1", "post", room, "", report=card("who?")))
    await secret.carol.say(secret.room, "infra: still there?")
    await secret.ears.until(lambda events: texts(events) == ["still there?"])
    await secret.chat.send(outgoing("k2", "post", secret.room, "", report=card("yes")))
    assert await shown(secret.carol, secret.room, secret.bot) == ["yes"]


NONSENSE: tuple[dict[str, object], ...] = (
    {"algorithm": "m.olm.v1.curve25519-aes-sha2"},
    {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": "?", "ciphertext": {"?": {}}},
    {"algorithm": "m.megolm.v1.aes-sha2", "sender_key": [], "ciphertext": {}, "session_id": 7},
    {"algorithm": "m.megolm.v1.aes-sha2", "sender_key": "a", "ciphertext": "b", "session_id": "c"},
    {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "b", "session_id": "c", "device_id": "d"},
    {"algorithm": 5, "m.relates_to": 5},
)


async def test_a_file_in_an_encrypted_room_is_opened(
    secret: Secret, caplog: pytest.LogCaptureFixture
) -> None:
    """And neither read with another key nor when somebody has changed it; the key goes into no log."""
    caplog.set_level("DEBUG")
    await secret.carol.bring(secret.room, "notes.txt", b"for us alone")
    voice = {"org.matrix.msc3245.voice": {}, "org.matrix.msc1767.audio": {"duration": 4_200}}
    more: Json = {"msgtype": "m.audio", "info": {"mimetype": "audio/ogg", "size": 5}, **voice}
    await secret.carol.bring(secret.room, "voice.ogg", b"sound", **more)
    first, second = await secret.ears.until(lambda events: len(events) == 2)
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    (file,), (spoken,) = first.files, second.files
    assert await secret.chat.fetch(file, 12) == b"for us alone"
    assert (spoken.voice, spoken.seconds) == (True, 4.2)
    assert await secret.chat.fetch(spoken, 5) == b"sound"
    opened_by = json.loads(file.id)
    other = json.loads(spoken.id)
    changed = replace(file, id=json.dumps(opened_by | {"url": other["url"]}))
    broken = replace(file, id=json.dumps(opened_by | {"key": "AAAA"}))
    for bad in (changed, broken):
        with pytest.raises(PermanentError, match="not what was sent") as caught:
            await secret.chat.fetch(bad, 100)
        assert caught.value.reason == "file_hash"
    with pytest.raises(PermanentError, match="longer than"):
        await secret.chat.fetch(replace(file, size=None), 11)
    assert opened_by["key"] not in caplog.text


async def test_bytes_for_an_encrypted_room(secret: Secret) -> None:
    spoken = Attachment("answer.ogg", base64.b64encode(b"sound").decode(), "audio/ogg")
    report = card("said", attachments=(spoken,))
    await secret.chat.send(outgoing("k1", "post", secret.room, "", report=report))
    _, file = [e for e in await secret.carol.messages(secret.room) if e.sender == secret.bot]
    opened_by = file.content["file"]
    raw = await secret.carol.download(opened_by["url"])
    key, hash = opened_by["key"]["k"], opened_by["hashes"]["sha256"]
    assert raw != b"sound"
    assert decrypt_attachment(raw, key, hash, opened_by["iv"]) == b"sound"
    assert (file.kind, file.content["info"]["mimetype"]) == ("m.audio", "audio/ogg")
