"""What servers and strangers may send to harm: ids that are no text, JSON that no parser takes, redactions that lie, requests
that fail in the middle. The listening goes on, and nobody's vote or card is taken by a word alone."""

import json
from pathlib import Path

import pytest

from adapters.chat.matrix.deletions import MOST, TOGETHER
from adapters.chat.matrix.socket import CLIENT, path
from bot.model.errors import LoginError
from bot.model.events import Batch, Message, Reaction
from tests.chat.matrix.scripted import (
    BOT,
    ROOM,
    card,
    event,
    heard,
    news,
    redaction,
    said,
    scripted,
    vote,
)

ODD = ["\ud800", "$\ud800", "$\0", "..", "$" + "x" * 300, 7, ["$x"], {}]


def votes(batches: list[Batch]) -> list[tuple[str, bool]]:
    return [(e.id, e.added) for batch in batches for e in batch.events if isinstance(e, Reaction)]


def texts(batches: list[Batch]) -> list[str]:
    return [e.text for batch in batches for e in batch.events if isinstance(e, Message)]


@pytest.mark.parametrize("odd", ["\ud800", "/", "?", "é"])
def test_anything_is_a_part_of_a_path(odd: str) -> None:
    where = path("rooms", odd)
    assert where.count("/") == CLIENT.count("/") + 2
    assert where.isascii()


@pytest.mark.parametrize("odd", ODD)
async def test_an_odd_id_is_not_asked_for(tmp_path: Path, odd: object) -> None:
    """A server that fails over it would be asked for ever."""
    reply = said("$1", **{"m.relates_to": {"m.in_reply_to": {"event_id": odd}}})
    thread = said("$2", **{"m.relates_to": {"rel_type": "m.thread", "event_id": odd}})
    gone = redaction("$3", {"redacts": odd}, redacts=odd)
    async with scripted(tmp_path) as (server, chat):
        server.refusals["/event/"] = [(500, {})] * 9
        server.syncs = [news("s1", reply, thread, gone, said("$4"))]
        batches = await heard(chat, "s1")
    assert texts(batches) == ["hello"] * 3
    assert len(server.refusals["/event/"]) == 9


@pytest.mark.parametrize(
    "value", ["[" * 3000 + "]" * 3000, "9" * 5000, '{"a":' * 3000 + "1" + "}" * 3000]
)
async def test_json_that_the_parser_does_not_take(tmp_path: Path, value: str) -> None:
    told = json.dumps(news("s1", said("$1", odd="VALUE"), said("$2", 'infra: "}]')))
    async with scripted(tmp_path) as (server, chat):
        server.syncs = [told.replace('"VALUE"', value)]
        assert texts(await heard(chat, "s1")) == ["hello", '"}]']


async def test_an_event_that_breaks_us_is_passed_over(tmp_path: Path) -> None:
    """Who is in the room is told as a number here: it stands for all that nobody thought of."""
    async with scripted(tmp_path) as (server, chat):
        server.events = {"m.direct": {"@bob:hs.test": [ROOM]}, "joined_members": {"joined": 7}}
        server.syncs = [news("s1", said("$1"), vote("$vote")), news("s2", vote("$more"))]
        batches = await heard(chat, "s2")
    assert votes(batches) == [("$vote", True), ("$more", True)]


@pytest.mark.parametrize(
    "state", [[7], [{"type": "m.room.member", "state_key": BOT, "content": "x"}]]
)
async def test_an_odd_invitation(tmp_path: Path, state: list[object]) -> None:
    """Its state comes from the inviter's server."""
    told = news("s1", said("$1"))
    told["rooms"]["invite"] = {"!odd:hs.test": {"invite_state": {"events": state}}}
    async with scripted(tmp_path) as (server, chat):
        server.syncs = [told]
        assert texts(await heard(chat, "s1")) == ["hello"]


@pytest.mark.parametrize(
    "lie",
    [
        redaction("$lie", {"redacts": "$vote"}, redacts="$own"),
        redaction("$lie", {"redacts": "$vote"}, redacts=7),
        redaction("$lie", {"redacts": "$own"}, redacts="$vote"),
    ],
)
async def test_a_redaction_that_names_two(tmp_path: Path, lie: dict[str, object]) -> None:
    async with scripted(tmp_path) as (server, chat):
        server.syncs = [news("s1", vote("$vote")), news("s2", lie, said("$1"))]
        assert votes(await heard(chat, "s2")) == [("$vote", True)]


async def test_a_redaction_reaches_its_own_room_alone(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (server, chat):
        server.syncs = [
            news("s1", vote("$vote")),
            news("s2", redaction("$1", {}, redacts="$vote"), said("$2"), room="!other:evil"),
            news("s3", redaction("$3", {}, redacts="$later"), said("$4"), room="!other:evil"),
            news("s4", vote("$later"), redaction("$5", {}, redacts="$vote")),
        ]
        batches = await heard(chat, "s4")
    assert votes(batches) == [("$vote", True), ("$later", True), ("$5", False)]


@pytest.mark.parametrize(
    ("shown", "gone"),
    [
        ({}, ()),
        ({"content": {}}, ("$card",)),
        ({"unsigned": {"redacted_because": {"type": "m.room.redaction"}}}, ("$card",)),
        ({"content": {}, "sender": "@bob:hs.test"}, ()),
    ],
)
async def test_the_server_says_what_is_redacted(
    tmp_path: Path, shown: dict[str, object], gone: tuple[str, ...]
) -> None:
    async with scripted(tmp_path) as (server, chat):
        server.events["$card"] = card(**shown)
        server.syncs = [news("s1", redaction("$1", {"redacts": "$card"}), said("$2"))]
        (batch,) = await heard(chat, "s1")
    assert batch.gone == gone


async def test_a_withdrawal_is_heard_again_with_its_batch(tmp_path: Path) -> None:
    """A request for another event of the batch failed; then the same again, after it was handed over."""
    reply = said("$2", **{"m.relates_to": {"m.in_reply_to": {"event_id": "$card"}}})
    both = news("s2", redaction("$1", {}, redacts="$vote"), reply)
    async with scripted(tmp_path) as (server, chat):
        server.events["$card"] = card()
        server.refusals["/event/$card"] = [(502, {})]
        again = news("s3", redaction("$3", {}, redacts="$vote"), vote("$vote"), said("$4"))
        server.syncs = [news("s1", vote("$vote")), both, both, again]
        batches = await heard(chat, "s3")
    assert votes(batches) == [("$vote", True), ("$1", False)]
    assert texts(batches) == ["hello", "hello"]


@pytest.mark.parametrize("where", ["/messages", "/event/"])
async def test_a_login_that_dies_in_the_middle_loses_nothing(tmp_path: Path, where: str) -> None:
    reply = said("$1", **{"m.relates_to": {"m.in_reply_to": {"event_id": "$card"}}})
    async with scripted(tmp_path) as (server, chat):
        server.refusals[where] = [(401, {"errcode": "M_UNKNOWN_TOKEN"})]
        server.syncs = [news("s1", reply, limited=True, prev_batch="p")]
        with pytest.raises(LoginError):
            await heard(chat, "s1")


async def test_what_is_sealed_is_a_message_or_nothing(tmp_path: Path) -> None:
    """Its key comes at once, or after it: neither a redaction nor an odd id in it does anything."""
    crypto = pytest.importorskip("nio.crypto")
    pytest.importorskip("vodozemac", reason="the extra matrix-nio[e2e] is not installed")
    theirs = crypto.OutboundGroupSession()
    ours = crypto.InboundGroupSession(theirs.session_key, "S" * 43, "K" * 43, ROOM)
    theirs.shared = True

    def sealed(id: str, kind: str, **content: object) -> dict[str, object]:
        inner = {"room_id": ROOM, "type": kind, "content": content}
        body = {"algorithm": "m.megolm.v1.aes-sha2", "session_id": theirs.id, "device_id": "M"}
        body |= {"ciphertext": theirs.encrypt(json.dumps(inner)), "sender_key": "K" * 43}
        return event(id, "m.room.encrypted", "@mallory:hs.test", body)

    def mixed(first: str) -> list[dict[str, object]]:
        odd = {"m.in_reply_to": {"event_id": "\ud800"}}
        words = {"msgtype": "m.text", "body": "infra: sealed", "m.relates_to": odd}
        return [
            sealed(f"$a{first}", "m.room.redaction", redacts="$vote"),
            sealed(f"$b{first}", "m.room.redaction", redacts="$card"),
            sealed(f"$c{first}", "m.room.tombstone", replacement_room="!evil"),
            sealed(f"$d{first}", "m.room.message", **words),
        ]

    async with scripted(tmp_path, "DEVICE") as (server, chat):
        server.events["$card"] = card(content={})
        server.syncs = [
            news("s1", vote("$vote"), *mixed("1")),
            news("s2", *mixed("2"), said("$1", "infra: in clear")),
        ]

        def key_comes(batch: Batch) -> None:
            chat._encryption._crypto.olm.inbound_group_store.add(
                ours
            )  # what a to-device message does

        batches = await heard(chat, "s2", key_comes)
    assert votes(batches) == [("$vote", True)]
    assert texts(batches) == ["sealed", "sealed", "in clear"]
    assert not any(batch.gone or batch.closed for batch in batches)


@pytest.mark.parametrize("odd", ["\0", "\ud800", "x" * 300])
async def test_odd_names_of_devices_and_sessions(tmp_path: Path, odd: str) -> None:
    """In what cannot be read: nobody is asked for such a key, and those that wait behind it are."""
    pytest.importorskip("vodozemac", reason="the extra matrix-nio[e2e] is not installed")
    plain = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "sender_key": "k"}
    broken = [
        event(f"${number}", "m.room.encrypted", "@mallory:hs.test", plain | more)
        for number, more in enumerate(
            ({"session_id": odd, "device_id": "D"}, {"session_id": "s", "device_id": odd})
        )
    ]
    async with scripted(tmp_path, "DEVICE") as (server, chat):
        server.syncs = [news("s1", *broken, said("$a")), news("s2", said("$b"))]
        assert texts(await heard(chat, "s2")) == ["hello", "hello"]
        (asked,) = server.to_devices
    assert json.dumps(odd) not in asked


async def test_a_room_that_is_cleared_out_keeps_no_vote_waiting(tmp_path: Path) -> None:
    """The server is asked about so many with a batch, about the others afterwards, each once."""
    purge = [redaction(f"$r{n}", {}, redacts=f"$old{n}") for n in range(2 * MOST + 5)]
    card_too = redaction("$last", {}, redacts="$card")
    asked: list[int] = []
    async with scripted(tmp_path) as (server, chat):
        server.events["$card"] = card(content={})
        server.syncs = [news("s1", *purge, card_too, vote("$vote")), news("s2"), news("s3")]
        batches = await heard(chat, "s3", lambda _: asked.append(len(server.asked)))
    assert votes(batches[:1]) == [("$vote", True)]
    assert [batch.gone for batch in batches] == [(), ("$card",)]
    assert asked == [MOST, 2 * MOST + 6]
    assert len(set(server.asked)) == len(server.asked)
    assert 1 < server.together <= TOGETHER


async def test_what_was_noted_of_a_batch_that_failed_is_noted_once(tmp_path: Path) -> None:
    gone = redaction("$1", {}, redacts="$card")
    async with scripted(tmp_path) as (server, chat):
        server.events["$card"] = card(content={})
        server.refusals["/event/$card"] = [(502, {})]
        server.syncs = [news("s1", gone), news("s1", gone), news("s2", said("$2"))]
        batches = await heard(chat, "s2")
    assert [batch.gone for batch in batches] == [("$card",), ()]
