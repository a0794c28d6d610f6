"""What people see in a real room, read by raw HTTP as one of them."""

import pytest

from adapters.chat.matrix.delivery import seeds
from adapters.chat.matrix.render import ROOM_FOR_CONTENT
from bot.model.errors import PermanentError
from bot.model.events import Reaction
from bot.model.people import Account
from bot.model.ports import Shown
from bot.model.reports import Attachment, Control, Paragraph, Report
from tests.chat.matrix.scenes import INSTANCE, VOTES, Scene, account, card, joined, outgoing
from tests.servers.matrix_driver import Driver


async def test_a_card_in_the_thread_with_its_reactions(scene: Scene, alice: Driver) -> None:
    root = await alice.say(scene.room, "@infra add a site")
    data = {"plan": {"id": "7f3a", "seconds": 0.25}}
    report = card("Plan 7f3a · change", "run `nginx -t`", controls=VOTES, data=data)
    reference = await scene.chat.send(scene.post("k1", report, root))
    (shown,) = await alice.messages(scene.room, root)
    assert shown.id == reference
    assert shown.text == report.text
    assert "<code>nginx -t</code>" in shown.html
    assert shown.kind == "m.text"
    assert shown.reactions == {"✅": [scene.bot], "❌": [scene.bot]}
    assert shown.report == {"key": "k1", "kind": "plan", "data": data}
    relation = shown.content["m.relates_to"]
    assert relation == {
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": root},
    }
    await alice.say(scene.room, "the end")
    events = await scene.ears.until(lambda events: len(events) >= 2)
    assert len(events) == 2  # alice's words alone: the bot does not hear itself


async def test_the_same_send_twice_is_one_message(scene: Scene, alice: Driver) -> None:
    root = await alice.say(scene.room, "@infra add a site")
    files = (Attachment("output.txt", "lines\n"),)
    sent = scene.post("k1", card("Plan", controls=VOTES, attachments=files), root)
    first = await scene.chat.send(sent)
    assert await scene.chat.send(sent) == first
    another_process = scene.bench.chat()
    assert await another_process.send(sent) == first
    shown = await alice.messages(scene.room, root)
    assert [each.kind for each in shown] == ["m.text", "m.file"]
    assert shown[0].reactions == {"✅": [scene.bot], "❌": [scene.bot]}


@pytest.mark.parametrize("threaded", [True, False])
async def test_an_uncertain_send_looks_before_it_repeats(
    scene: Scene, alice: Driver, threaded: bool
) -> None:
    """A new login knows no old transaction ids: only a look in the room tells that it came out."""
    root = await alice.say(scene.room, "@infra add a site") if threaded else ""
    first = await scene.chat.send(scene.post("k1", card("Plan", controls=VOTES), root))
    for kept in scene.bench.data.iterdir():
        kept.unlink()
    other = scene.bench.chat()
    sent = scene.post("k1", card("Plan", controls=VOTES), root, uncertain=True)
    assert await other.send(sent) == first
    mine = [each for each in await alice.messages(scene.room) if each.sender == scene.bot]
    assert [each.reactions for each in mine] == [{"✅": [scene.bot], "❌": [scene.bot]}]
    fresh = scene.post("k2", card("Result"), root, uncertain=True)
    assert await other.send(fresh) != first


async def test_an_edit_replaces_words_and_controls(scene: Scene, alice: Driver) -> None:
    root = await alice.say(scene.room, "@infra add a site")
    reference = await scene.chat.send(scene.post("k1", card("pending", controls=VOTES), root))
    await alice.react(scene.room, reference, "✅")
    for number, chat in enumerate((scene.chat, scene.bench.chat())):  # the second knows no ids
        stop = Control("cancel", f"{number}\N{COMBINING ENCLOSING KEYCAP}", "cancel")
        running = card("running", f"{number}/5", controls=(stop,), data={"n": number})
        edit = outgoing(f"e{number}", "edit", scene.room, root, report=running, message=reference)
        assert await chat.send(edit) == reference
        (shown,) = await alice.messages(scene.room, root)
        assert shown.text == running.text
        assert shown.edited
        assert shown.report["data"] == {"n": number}
        assert shown.reactions == {"✅": [alice.user], stop.emoji: [scene.bot]}


async def test_a_reaction_is_the_first_sign_of_life(scene: Scene, alice: Driver) -> None:
    root = await alice.say(scene.room, "@infra hello")
    sent = outgoing("r1", "react", scene.room, root, message=root, emoji="👀")
    await scene.chat.send(sent)
    await scene.chat.send(outgoing("r2", "react", scene.room, root, message=root, emoji="👀"))
    (shown,) = await alice.messages(scene.room)
    assert shown.reactions == {"👀": [scene.bot]}


async def test_words_for_one_person(scene: Scene, alice: Driver, bob: Driver) -> None:
    await alice.invite(scene.room, bob.user)
    await bob.join(scene.room)
    root = await alice.say(scene.room, "@infra add a site")
    words = card("Your ✅ did not count.")
    rooms = set()
    before = set(await bob.invitations())
    for number, chat in enumerate((scene.chat, scene.bench.chat())):
        await chat.send(scene.post(f"w{number}", words, root, only_to=account(bob)))
        rooms |= set(await bob.invitations()) - before
    (room,) = rooms
    await bob.join(room)
    assert [each.text for each in await bob.messages(room)] == [words.text] * 2
    assert await alice.messages(scene.room, root) == []
    await bob.say(room, "what may I do?")
    events = await scene.ears.until(lambda events: len(events) >= 2)
    assert getattr(events[-1], "addressed", None) is True
    await bob.leave(room)
    await scene.chat.send(scene.post("w9", words, root, only_to=account(bob)))
    assert len(set(await bob.invitations()) - before) == 1


async def test_words_for_one_person_in_their_own_direct_room(scene: Scene, alice: Driver) -> None:
    room = await alice.create(scene.bot, is_direct=True, preset="trusted_private_chat")
    await joined(alice, room, scene.bot)
    root = await alice.say(room, "add a site")
    await scene.ears.until(lambda events: bool(events))
    sent = outgoing("w1", "post", room, root, report=card("No."), only_to=account(alice))
    await scene.chat.send(sent)
    assert [each.text for each in await alice.messages(room, root)] == ["No."]


async def test_files(scene: Scene, alice: Driver) -> None:
    root = await alice.say(scene.room, "@infra logs")
    text = "été ✓\n" * 10_000
    report = card("91 % full", attachments=(Attachment("output.txt", text),))
    await scene.chat.send(scene.post("k1", report, root))
    words, file = await alice.messages(scene.room, root)
    assert (words.text, file.kind, file.text) == ("91 % full", "m.file", "output.txt")
    assert (await alice.download(file.content["url"])).decode() == text
    assert file.content["info"]["size"] == len(text.encode())


@pytest.mark.parametrize("kind", ["post", "edit"])
async def test_a_message_of_a_megabyte_becomes_a_file(
    scene: Scene, alice: Driver, kind: str
) -> None:
    root = await alice.say(scene.room, "@infra logs")
    message = None
    if kind == "edit":
        message = await scene.chat.send(scene.post("k1", card("short"), root))
    report = card("a line of output <é>\n" * 50_000, controls=VOTES, data={"long": "x" * 90_000})
    sent = outgoing("k2", kind, scene.room, root, report=report, message=message)
    await scene.chat.send(sent)
    words, file = await alice.messages(scene.room, root)
    assert words.text.startswith("a line of output <é>\n")
    assert words.text.endswith("message.txt.")
    assert words.reactions.keys() == {"✅", "❌"}
    assert (await alice.download(file.content["url"])).decode() == report.text


async def test_what_just_fits_is_taken_by_the_server(scene: Scene, alice: Driver) -> None:
    """Our bound lies below the server's, with every part in the content and as an edit."""
    root = await alice.say(scene.room, "@infra logs")
    reference = await scene.chat.send(scene.post("k1", card("short"), root))
    for size in range(ROOM_FOR_CONTENT // 8, ROOM_FOR_CONTENT, ROOM_FOR_CONTENT // 8):
        report = card('"é' * (size // 3), data={"text": "\\" * 500})
        sent = outgoing(f"e{size}", "edit", scene.room, root, report=report, message=reference)
        assert await scene.chat.send(sent) == reference


async def test_nothing_in_a_text_is_obeyed(scene: Scene, alice: Driver, bob: Driver) -> None:
    """No ping of the room, no markup, no link, no escape sequence, no turned direction. The bot is even allowed to ping."""
    await alice.invite(scene.room, bob.user)
    await bob.join(scene.room)
    levels = await alice.request("GET", "rooms", scene.room, "state", "m.room.power_levels")
    levels["users"][scene.bot] = 100
    where = ("rooms", scene.room, "state", "m.room.power_levels")
    await alice.request("PUT", *where, body=levels)
    root = await alice.say(scene.room, "@infra logs")
    evil = (
        f"@room {bob.user} \x1b[31mred\x1b[0m \u202eesrever\u202c <img src=x onerror=alert(1)> \x00 \x9b0m\r"
        '<a href="https://evil.example">x</a> **bold** https://evil.example/%s'
    )
    await scene.chat.send(scene.post("k1", card(evil, f"`{evil}`"), root))
    (shown,) = await alice.messages(scene.room, root)
    for text in (shown.text, shown.html):
        assert not [mark for mark in text if ord(mark) < 32 and mark != "\n"]
        assert not set(text) & {"\u202e", "\u202c", "\x9b", "\x7f"}
    assert "<img" not in shown.html
    assert "<a " not in shown.html
    assert "\u241b[31mred" in shown.text
    assert "<U+202E>" in shown.text
    assert shown.content["m.mentions"] == {}
    answer = await bob.state()
    counts = answer["rooms"]["join"][scene.room]["unread_notifications"]
    assert counts["highlight_count"] == 0


async def test_the_result_mentions_who_asked(scene: Scene, alice: Driver) -> None:
    root = await alice.say(scene.room, "@infra add a site")
    report = Report("result", (Paragraph("alice, done: it answers."),), mention=account(alice))
    await scene.chat.send(scene.post("k1", report, root))
    (shown,) = await alice.messages(scene.room, root)
    assert shown.content["m.mentions"] == {"user_ids": [alice.user]}
    assert f'<a href="https://matrix.to/#/{alice.user}">alice</a>, done' in shown.html
    answer = await alice.state()
    room = answer["rooms"]["join"][scene.room]
    assert room["unread_notifications"]["highlight_count"] == 1


async def test_reactions_changed_while_away(scene: Scene, alice: Driver, bob: Driver) -> None:
    await alice.invite(scene.room, bob.user)
    await bob.join(scene.room)
    root = await alice.say(scene.room, "@infra add a site")
    reference = await scene.chat.send(scene.post("k1", card("Plan", controls=VOTES), root))
    await alice.react(scene.room, reference, "✅")
    await scene.ears.until(lambda events: len(events) == 2)
    cursor = await scene.ears.stop()
    await alice.unreact(scene.room, reference, "✅")
    put = await bob.react(scene.room, reference, "❌")
    known = frozenset({(account(alice), "✅")})
    place = scene.post("k", card("x"), root).conversation
    later = scene.bench.chat()
    found = await later.reconcile(
        [Shown(reference, place, known), Shown("$gone:hs.test", place, known)]
    )
    changes = [event for event in found if isinstance(event, Reaction)]
    assert {(event.account, event.emoji, event.added) for event in changes} == {
        (account(alice), "✅", False),
        (account(bob), "❌", True),
    }
    assert put in {event.id for event in found}
    settled = frozenset({(account(bob), "❌")})
    assert await later.reconcile([Shown(reference, place, settled)]) == []
    ears = scene.bench.hear(later, cursor)
    await ears.until(lambda events: bool(events))
    await bob.unreact(scene.room, reference, "❌")  # put before this process knew the message
    events = await ears.until(lambda events: getattr(events[-1], "added", True) is False)
    assert getattr(events[-1], "account", None) == account(bob)


async def test_a_room_that_is_not_ours_is_passed_over(scene: Scene, alice: Driver) -> None:
    elsewhere = await alice.create()
    reference = await alice.say(elsewhere, "hello")
    place = outgoing("k", "post", elsewhere, reference).conversation
    assert await scene.chat.reconcile([Shown(reference, place, frozenset())]) == []
    with pytest.raises(PermanentError) as caught:
        await scene.chat.send(outgoing("k1", "post", elsewhere, reference, report=card("x")))
    assert caught.value.reason == "M_FORBIDDEN"
    assert "Invite me again" in caught.value.mend


async def test_nobody_of_that_name(scene: Scene) -> None:
    nobody = Account(INSTANCE, "not a matrix id")
    with pytest.raises(PermanentError):
        await scene.chat.send(scene.post("k1", card("x"), "", only_to=nobody))


def test_what_the_bot_puts_on_a_card() -> None:
    """What people join in; of the rest too much would be there."""
    stop, hold = Control("cancel", "🛑", "cancel"), Control("hold", "⏸️", "hold")
    undo, good = Control("undo", "↩️", "roll back"), Control("good", "👍", "good")
    assert seeds(VOTES) == ["✅", "❌"]
    assert seeds((*VOTES, Control("resume", "▶️", "resume"), stop)) == ["✅", "❌"]
    assert seeds((hold, stop)) == ["🛑"]
    assert seeds((undo, good)) == seeds(()) == []
