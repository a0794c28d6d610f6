"""What people take away: messages, threads, channels, servers; and what Discord refuses for it, said with the mend."""

from functools import partial
from typing import Any

import pytest

from adapters.chat.discord import losses
from adapters.chat.discord.reactions import REMEMBERED
from bot.model.errors import PermanentError
from bot.model.ports import Shown
from tests.chat.discord.process import Process
from tests.chat.discord.scenes import Scene, answer, pending
from tests.servers.discord_fake import CHANNEL, GUILD, QUIET, FakeDiscord, Fault
from tests.servers.discord_people import (
    archive,
    delete,
    delete_channel,
    delete_thread,
    hide,
    outage,
    remove_bot,
    reopened,
)
from tests.servers.discord_world import OTHER_CHANNEL, OTHER_GUILD


async def card(discord: FakeDiscord, channel: str = CHANNEL) -> tuple[str, str]:
    """A card of the bot's with its reactions, in its thread."""
    thread = await discord.say("!infra card", channel)
    await discord.until(lambda: discord.messages.get(thread))
    (message,) = discord.messages[thread]
    await discord.until(lambda: len(discord.reactions.get((thread, message), {})) == 2)
    return thread, message


async def test_a_deleted_message_is_told(process: Process, discord: FakeDiscord) -> None:
    thread, message = await card(discord)
    await delete(discord, thread, message)
    await discord.until(lambda: message in process.lost()[0])
    assert process.lost() == ({message}, {})


async def test_several_deleted_at_once(process: Process, discord: FakeDiscord) -> None:
    thread, message = await card(discord)
    other = await discord.say("look", thread)
    await delete(discord, thread, message, other)
    await discord.until(lambda: message in process.lost()[0])


async def test_cards_of_a_deleted_thread(process: Process, discord: FakeDiscord) -> None:
    thread, message = await card(discord)
    _, stays = await card(discord)
    await delete_thread(discord, thread)
    await discord.until(lambda: message in process.lost()[0])
    assert stays not in process.lost()[0]


async def test_a_deleted_channel_is_closed(process: Process, discord: FakeDiscord) -> None:
    await card(discord, QUIET)
    await delete_channel(discord, QUIET)
    await discord.until(lambda: process.lost()[1])
    assert process.lost() == (set(), {QUIET: losses.DELETED})


async def test_a_server_that_removes_the_bot(process: Process, discord: FakeDiscord) -> None:
    """Its channels are closed; those of the other, one of the same name, go on. An outage closes nothing."""
    await card(discord, OTHER_CHANNEL)
    await outage(discord, GUILD)
    await remove_bot(discord, OTHER_GUILD)
    await discord.until(lambda: process.lost()[1])
    assert process.lost() == (set(), {OTHER_CHANNEL: losses.REMOVED})


async def test_two_servers_with_a_channel_of_one_name(
    process: Process, discord: FakeDiscord
) -> None:
    one, other = await discord.say("!infra one"), await discord.say("!infra two", OTHER_CHANNEL)
    await discord.until(lambda: discord.messages.get(one) and discord.messages.get(other))
    said = [[each["content"] for each in discord.messages[at].values()] for at in (one, other)]
    assert said == [["one"], ["two"]]
    assert discord.channels[other]["guild_id"] == OTHER_GUILD


async def test_what_was_deleted_meanwhile_is_found(process: Process, discord: FakeDiscord) -> None:
    """Nothing tells of it: the cards are read when the session could not be resumed."""
    (thread, message), (gone, within) = await card(discord), await card(discord)
    await delete(discord, thread, message, tell=False)
    await delete_thread(discord, gone, tell=False)
    discord.forget()
    await discord.drop(4009)
    await discord.until(lambda: {message, within} <= process.lost()[0])


async def test_a_channel_hidden_meanwhile_is_found(process: Process, discord: FakeDiscord) -> None:
    _, message = await card(discord)
    hide(discord, CHANNEL)
    hidden = {"code": 50001, "message": "Missing Access"}
    discord.faults.append(Fault("GET", f"/messages/{message}", 403, hidden, times=9))
    discord.forget()
    await discord.drop(4009)
    await discord.until(lambda: process.lost()[1])
    assert "View Channel" in process.lost()[1][CHANNEL]


async def test_a_thread_on_a_message_of_ours_is_joined(
    process: Process, discord: FakeDiscord
) -> None:
    """What is said there is then for the bot; a thread on anybody else's message is not."""
    discord.faults.append(
        Fault("POST", "/threads", 400, {"code": 50024, "message": "Cannot execute"})
    )
    root = await discord.say("!infra card", QUIET)
    (mine,) = await discord.until(lambda: discord.messages[QUIET].keys() - {root})
    await discord.until(lambda: len(discord.reactions.get((QUIET, mine), {})) == 2)
    await discord.open_thread(root, QUIET)
    await discord.open_thread(mine, QUIET)
    await discord.until(lambda: discord.made("PUT", "/thread-members/@me"))
    await discord.say("is it done?", mine)
    await discord.until(lambda: "is it done?" in process.texts())
    (asked,) = discord.made("PUT", "/thread-members/@me")
    assert asked.path == f"/channels/{mine}/thread-members/@me"


async def test_an_archived_thread_is_reopened(process: Process, discord: FakeDiscord) -> None:
    thread = await discord.say("!infra hello")
    await discord.until(lambda: discord.messages.get(thread))
    archive(discord, thread)
    await discord.say("!infra again", thread)
    await discord.until(lambda: reopened(discord, thread))
    said = await discord.until(
        lambda: [each for each in discord.messages[thread].values() if each["content"] == "again"]
    )
    assert len(said) == 1


SAID = [
    (404, 10003, "Unknown Channel", "deleted, or the bot was removed"),
    (403, 50001, "Missing Access", "View Channel"),
    (403, 50013, "Missing Permissions", "Send Messages"),
    (404, 10008, "Unknown Message", "ask again for a new one"),
    (400, 160005, "Thread is locked", "Unlock the thread"),
    (400, 50083, "Thread is archived", "Reopen the thread"),
]


@pytest.mark.parametrize("kind", ["post", "edit"])
@pytest.mark.parametrize(("status", "code", "words", "mend"), SAID)
async def test_what_discord_refuses_is_said(
    scene: Scene, kind: str, status: int, code: int, words: str, mend: str
) -> None:
    _, where, shown = await scene.card()
    method, path = ("POST", "messages") if kind == "post" else ("PATCH", "messages/*")
    fault: dict[str, Any] = {"status": status, "code": code, "message": words, "times": None}
    scene.env.inject_error(method, f"/channels/*/{path}", **fault)
    if code == 50083:
        scene.env.inject_error("PATCH", "/channels/*", status=403, code=50013, message="no")
    say = partial(scene.post, where, answer("hello"))
    if kind == "edit":
        say = partial(scene.edit, where, pending("changed"), str(shown.id))
    with pytest.raises(PermanentError, match=words) as caught:
        await say()
    assert caught.value.reason == str(code)
    assert mend in caught.value.mend


async def test_what_is_watched_has_a_limit(scene: Scene) -> None:
    """A card that ends is let go at once; of those that never do, the oldest."""
    _, where, card = await scene.card()
    watched = scene.chat._reactions
    await scene.edit(where, answer("It is done."), str(card.id))
    assert watched.cards() == []
    many = [Shown(str(number), where, frozenset()) for number in range(REMEMBERED + 5)]
    watched.shown(many)
    assert watched.cards() == [each.message for each in many[5:]]


def test_a_loss_is_told_once() -> None:
    found = losses.Losses()
    found.gone("1", "1", "")
    found.closed(["7"], "why")
    assert found.take() == (("1",), (("7", "why"),))
    assert found.take() == ((), ())
