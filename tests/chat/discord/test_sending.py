"""What goes out: threads, cards, edits, files, mentions, words for one person, refusals."""

import asyncio

import discord
import pytest

from bot.model.errors import PermanentError, TemporaryError
from bot.model.people import Conversation
from bot.model.reports import Attachment, Control, Outgoing, Paragraph, Report
from tests.chat.discord.scenes import VOTES, Scene, answer, pending
from tests.servers.discord_official import Official, absent


def test_our_own_requests_are_what_the_official_description_allows(
    official: Official | None,
) -> None:
    """Every test of this folder has its requests checked; this one says so where the description is missing."""
    if official is None:
        pytest.skip(absent())
    where = "/channels/1/messages"
    assert official.wrong("POST", where, {"content": "fine"}) == []
    assert official.wrong("GET", where, None, {"after": "1"}) == []
    assert official.wrong("POST", where, {"content": "a" * 4001})
    assert official.wrong("POST", where, {"content": "fine", "invented": 1})
    assert official.wrong("POST", where, {"embeds": [{"description": "a" * 4097}]})
    assert official.wrong("PATCH", "/webhooks/1/t/messages/@original", {"content": "a" * 2001})
    assert official.wrong("POST", "/channels/1/invented", {})
    assert official.wrong("GET", where, None, {"invented": 1})


async def test_a_card_has_colour_buttons_and_seeded_reactions(scene: Scene) -> None:
    _, _, card = await scene.card()
    assert card.content == "**Plan 7f3a · change · for alice**"
    (embed,) = card.embeds
    assert embed.colour is not None
    assert embed.colour.value == 0x8D97A5
    labels = [button.label for row in card.components for button in row.children]
    assert labels == ["approve", "reject", "change…"]
    ids = [button.custom_id for row in card.components for button in row.children]
    assert ids == ["parley:approve", "parley:reject", "parley:change…"]
    assert [r.emoji for r in card.reactions] == ["✅", "❌"]


async def test_the_thread_is_called_what_was_asked(scene: Scene) -> None:
    await scene.card()
    (thread,) = scene.channel.threads
    assert thread.name == "add a proxy"


async def test_the_second_post_goes_into_the_same_thread(scene: Scene) -> None:
    _, where, card = await scene.card()
    told = await scene.post(where, answer("More."))
    assert scene.message(where, told).channel.id == card.channel.id
    made = [each for each in scene.env.http_requests if each.path.endswith("/threads")]
    assert len(made) == 1


@pytest.mark.parametrize(
    ("tone", "words", "controls"),
    [
        ("grey", "1 of 2 approvals", VOTES),
        ("blue", "running 3/5 · ▓▓▓░░", (Control("cancel", "🛑", "cancel"),)),
        (
            "green",
            "done in 6 s",
            (Control("roll back", "↩️", "roll back"), Control("good", "👍", "")),
        ),
        ("red", "failed, rolled back", (Control("retry", "🔁", "try again"),)),
        ("amber", "in doubt", tuple(Control(w, "", w) for w in ("done", "not done", "retry"))),
        ("grey", "expired 22:40", ()),
        ("grey", "superseded by revision 2", ()),
    ],
)
async def test_the_card_in_every_state(
    scene: Scene, tone: str, words: str, controls: tuple[Control, ...]
) -> None:
    _, where, card = await scene.card()
    struck = "struck" if "superseded" in words else "plain"
    report = Report(
        "plan",
        (Paragraph(f"Plan 7f3a · {words}", struck), Paragraph("web1")),  # type: ignore[arg-type]
        tone,  # type: ignore[arg-type]
        controls,
    )
    await scene.edit(where, report, str(card.id))
    now = scene.message(where, str(card.id))
    assert words in now.content
    assert now.content.startswith("~~") == (struck == "struck")
    shown = [button.custom_id for row in now.components for button in row.children]
    assert [each for each in shown if "change" not in each] == [
        f"parley:{c.action}" for c in controls
    ]
    seeded = {"✅", "❌"} if controls == VOTES else set()
    assert {r.emoji for r in now.reactions} == seeded
    assert bool(now.embeds[0].colour) == bool(tone)


async def test_outside_text_pings_nobody_and_the_requester_is_pinged_in_a_result(
    scene: Scene,
) -> None:
    root, where, _ = await scene.card()
    bad = f"@everyone <@{scene.bob.id}> @here <@&1>"
    report = Report(
        "result", (Paragraph(f"alice, done: {bad}"),), "green", mention=scene.account(scene.alice)
    )
    told = scene.message(where, await scene.post(where, report))
    assert told.content.startswith(f"<@{scene.alice.id}>, done:")
    assert [user.id for user in told.mentions] == [scene.alice.id]
    assert not told.mention_everyone
    assert not told.role_mentions
    assert root


async def test_a_long_text_is_a_file_and_its_beginning_is_there(scene: Scene) -> None:
    _, where, _ = await scene.card()
    text = "\n".join(f"line {number} of the output" for number in range(500))
    report = Report("answer", (Paragraph("The log:"), Paragraph(text, "code")))
    told = scene.message(where, await scene.post(where, report))
    (file,) = told.attachments
    assert file.filename == "message.txt"
    assert (await file.read()).decode() == report.text
    assert "line 3 of" in told.embeds[0].description
    assert len(told.embeds[0].description) <= 4096


async def test_attachments_are_files(scene: Scene) -> None:
    _, where, _ = await scene.card()
    report = Report("answer", (Paragraph("Here."),), attachments=(Attachment("df.txt", "é\n"),))
    told = scene.message(where, await scene.post(where, report))
    assert (await told.attachments[0].read()).decode() == "é\n"


async def test_2001_characters_are_refused_by_discord_and_never_sent(scene: Scene) -> None:
    _, where, _ = await scene.card()
    told = scene.message(where, await scene.post(where, answer("a" * 2001)))
    assert len(told.content) <= 2000
    assert told.attachments
    with pytest.raises(PermanentError, match="2000"):
        await scene.chat.socket.rest.request(
            "POST",
            "/channels/{channel_id}/messages",
            {"content": "a" * 2001},
            channel_id=where.thread,
        )


async def test_a_word_to_one_person_answers_what_they_pressed(scene: Scene) -> None:
    _, where, card = await scene.card()
    pressed = await scene.bob.click(card, label="approve")
    await scene.ears.upto(2)
    person = scene.account(scene.bob)
    await scene.post(where, answer("Your ✅ did not count."), only_to=person)
    (word,) = pressed.followups
    assert word.ephemeral
    assert word.content == "Your ✅ did not count."
    await scene.post(
        where, answer("Again."), only_to=person
    )  # nothing fresh is open: a direct message
    assert scene.bob.user.dm_channel.last_message.content == "Again."
    assert len(pressed.followups) == 1


async def test_closed_direct_messages_are_a_sentence(scene: Scene) -> None:
    _, where, _ = await scene.card()
    scene.env.inject_error("POST", "/channels/*/messages", status=403, code=50007, message="no")
    with pytest.raises(PermanentError, match=r"no direct messages.*allow") as raised:
        await scene.post(where, answer("psst"), only_to=scene.account(scene.bob))
    assert raised.value.reason == "50007"


async def test_where_the_bot_may_not_write_it_says_what_it_needs(scene: Scene) -> None:
    scene.env.inject_error("POST", "/channels/*/threads", status=403, code=50013, message="no")
    said = await scene.alice.send(scene.channel, "!infra status")
    await scene.ears.upto(1)
    with pytest.raises(PermanentError, match="Create Public Threads"):
        await scene.post(scene.thread(said), answer("x"))


async def test_a_channel_that_is_gone_is_said(scene: Scene) -> None:
    with pytest.raises(PermanentError, match="Invite the bot"):
        await scene.post(Conversation("discord", "99", "98"), answer("x"))


@pytest.mark.parametrize("status", [500, 503])
async def test_a_server_in_trouble_is_passing(scene: Scene, status: int) -> None:
    _, where, _ = await scene.card()
    scene.env.inject_error("POST", "/channels/*/messages", status=status)
    with pytest.raises(TemporaryError):
        await scene.post(where, answer("x"))


async def test_an_uncertain_post_that_came_out_is_not_made_again(scene: Scene) -> None:
    _, where, card = await scene.card()
    cursor = scene.ears.cursor
    await scene.leave()
    await scene.come(cursor)
    again = Outgoing("key0", 1, where, "post", pending(), uncertain=True)
    assert await scene.chat.send(again) == str(card.id)
    new = Outgoing("other", 2, where, "post", answer("New."), uncertain=True)
    told = await scene.chat.send(new)
    assert scene.message(where, told).content == "New."
    (thread,) = scene.channel.threads
    assert [m.content for m in thread.history() if m.author.id == int(scene.bot)][-2:] == [
        card.content,
        "New.",
    ]


async def test_a_nonce_is_the_same_for_a_key_and_enforced(scene: Scene) -> None:
    _, where, _ = await scene.card()
    made = [
        e for e in scene.env.http_requests if e.method == "POST" and e.path.endswith("messages")
    ]
    body = made[-1].json
    assert body is not None
    assert body["enforce_nonce"] is True
    assert len(body["nonce"]) == 25
    await scene.chat.send(Outgoing("key0", 1, where, "post", pending()))
    after = [
        e for e in scene.env.http_requests if e.method == "POST" and e.path.endswith("messages")
    ]
    assert len(after) == len(made)  # this process knows that it came out


async def test_many_controls_are_rows_of_five(scene: Scene) -> None:
    _, where, _ = await scene.card()
    controls = tuple(Control(f"choice {n}", "", "x" * 200 if n == 0 else f"{n}") for n in range(30))
    told = scene.message(
        where,
        await scene.post(where, Report("question", (Paragraph("Which?"),), controls=controls)),
    )
    rows = [len(row.children) for row in told.components]
    assert rows == [5, 5, 5, 5, 5]
    assert len(told.components[0].children[0].label) <= 80


async def test_a_sign_of_life_goes_on_the_message_before_there_is_a_thread(scene: Scene) -> None:
    said = await scene.alice.send(scene.channel, "!infra status")
    await scene.ears.upto(1)
    where = scene.thread(said)
    await scene.chat.send(Outgoing("k", 1, where, "react", message=str(said.id), emoji="👀"))
    found = discord.utils.get(scene.channel.history(), id=said.id)
    assert found is not None
    assert [r.emoji for r in found.reactions] == ["👀"]
    await asyncio.sleep(0)
    assert len(scene.ears.events) == 1  # its own reaction is nothing to hear


async def test_an_answer_that_comes_too_late_for_the_button_is_a_direct_message(
    scene: Scene,
) -> None:
    _, where, card = await scene.card()
    await scene.bob.click(card, label="approve")
    await scene.ears.upto(2)
    scene.env.inject_error("POST", "/webhooks/*", status=404, code=10015, message="gone")
    await scene.post(where, answer("Too late."), only_to=scene.account(scene.bob))
    assert scene.bob.user.dm_channel.last_message.content == "Too late."


async def test_where_there_are_no_threads_answers_are_replies(scene: Scene) -> None:
    said = await scene.alice.send(scene.channel, "!infra status")
    await scene.ears.upto(1)
    scene.env.inject_error("POST", "/channels/*/threads", status=400, code=50024, message="no")
    told = scene.message(scene.thread(said), await scene.post(scene.thread(said), answer("Fine.")))
    assert told.channel.id == scene.channel.id
    assert told.reference is not None
    assert told.reference.message_id == said.id
    await scene.bob.send(scene.channel, "and now?", reply_to=told)
    heard = (await scene.ears.upto(2))[-1]
    assert heard.conversation == scene.thread(said)


async def test_a_reaction_that_is_not_allowed_leaves_the_buttons(scene: Scene) -> None:
    scene.env.inject_error("PUT", "/channels/*", status=403, code=50013, message="no")
    _, _, card = await scene.card()
    assert card.components
    assert not card.reactions


async def test_a_revoked_token_is_a_sentence_with_the_mend(scene: Scene) -> None:
    _, where, _ = await scene.card()
    scene.env.inject_error("POST", "/channels/*/messages", status=401, code=0, message="no")
    with pytest.raises(PermanentError, match="Make a new one"):
        await scene.post(where, answer("x"))
