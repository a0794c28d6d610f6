"""Run by test_local_slack.py inside a network namespace, once for each mode. By itself it is skipped."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.chat.slack.adapter import Slack
from adapters.chat.slack.check import probe
from bot.model.events import Click, Message, Reaction
from bot.model.people import Conversation
from bot.model.reports import Attachment, Paragraph, Report
from tests.chat.slack.scenes import (
    ALICE,
    BOB,
    INSTANCE,
    VOTES,
    Bench,
    Ears,
    account,
    card,
    outgoing,
)
from tests.servers.slack_local import APP_TOKEN, BOT_TOKEN, INSIDE, LISTEN, SECRET, LocalSlack

ROOM = "C01GEN"
MODE = os.environ.get(INSIDE, "")
pytestmark = pytest.mark.skipif(
    not MODE, reason="needs a network namespace: run test_local_slack.py"
)


def connection() -> dict[str, object]:
    token = {"bot_token": SecretStr(BOT_TOKEN)}
    if MODE == "socket":
        return {**token, "app_token": SecretStr(APP_TOKEN)}
    return {**token, "app_token": None, "signing_secret": SecretStr(SECRET), "listen": LISTEN}


@dataclass
class Stage:
    """The server, the bot listening, and what people do through the server's control."""

    server: LocalSlack
    bench: Bench
    chat: Slack
    ears: Ears

    async def does(self, what: str, **body: Any) -> dict[str, Any]:
        return await asyncio.to_thread(self.server.control, what, **body)

    async def says(self, user: str, text: str, thread: str | None = None) -> str:
        body = {"channel": ROOM, "user": user, "text": text} | (
            {"thread_ts": thread} if thread else {}
        )
        return str((await self.does("message", **body))["message"]["ts"])

    async def messages(self) -> list[dict[str, Any]]:
        found = await asyncio.to_thread(self.server.read, f"messages/{ROOM}")
        return list(found["messages"])

    async def calls(self, method: str) -> list[dict[str, Any]]:
        log = (await asyncio.to_thread(self.server.read, "log"))["log"]
        return [json.loads(json.dumps(each)) for each in log if method in json.dumps(each)]

    async def listening(self) -> None:
        """Until the bot can be reached: a reaction that it does not know is heard by nobody."""
        first = await self.says(ALICE, "hello")
        while not any(first in event.id for event in self.ears.events):
            await asyncio.sleep(0.05)
            await self.does("reaction", channel=ROOM, ts=first, user=ALICE, name="eyes")
            if any(isinstance(event, Reaction) for event in self.ears.events):
                break
        self.ears.events.clear()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSlack]:
    server = LocalSlack(tmp_path_factory.mktemp("local-slack"), MODE)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
async def stage(server: LocalSlack) -> AsyncIterator[Stage]:
    bench = Bench(server.url)
    chat = bench.chat(**connection())
    ears = bench.hear(chat)
    await ears.placed()
    stage = Stage(server, bench, chat, ears)
    try:
        async with asyncio.timeout(20):
            await stage.listening()
        yield stage
    finally:
        await bench.close()


async def heard(stage: Stage, kind: Any, count: int = 1) -> list[Any]:
    def of(events: Any) -> list[Any]:
        return [event for event in events if isinstance(event, kind)]

    return of(await stage.ears.until(lambda events: len(of(events)) >= count))


async def test_asked_planned_approved(stage: Stage) -> None:
    """The whole way of one plan: mention, 👀, card, vote by reaction and by click, edit, result."""
    root = await stage.says(ALICE, "<@U0BOT> add a site")
    (asked,) = await heard(stage, Message)
    assert (asked.text, asked.addressed, asked.conversation.thread) == ("add a site", True, root)
    await stage.chat.send(outgoing("g", "react", root, ROOM, message=asked.id, emoji="👀"))
    report = card("Plan 7f3a", "run `nginx -t` <!channel>", controls=VOTES)
    reference = await stage.chat.send(outgoing("k1", thread=root, room=ROOM, report=report))
    stamp = reference.partition("/")[2]
    await stage.does("reaction", channel=ROOM, ts=stamp, user=BOB, name="white_check_mark")
    await stage.does(
        "reaction", channel=ROOM, ts=stamp, user=BOB, name="white_check_mark", present=False
    )
    put, off = [each for each in await heard(stage, Reaction, 2) if each.message == reference]
    assert (put.emoji, put.added, off.added, put.account) == ("✅", True, False, account(BOB))
    pressed = {"type": "button", "action_id": "approve", "block_id": "b", "value": "k1"}
    await stage.does("interact", channel=ROOM, messageTs=stamp, user=BOB, action=pressed)
    (click,) = await heard(stage, Click)
    assert (click.message, click.action) == (reference, "approve")
    assert click.conversation == Conversation(INSTANCE, ROOM, root)
    done = card("Plan 7f3a · done")
    await stage.chat.send(outgoing("k2", "edit", root, ROOM, report=done, message=reference))
    shown = {each["ts"]: each for each in await stage.messages()}
    assert shown[stamp]["text"] == "Plan 7f3a · done"
    assert shown[stamp]["thread_ts"] == root
    assert [each["name"] for each in shown[root]["reactions"]] == ["eyes"]


async def test_a_click_on_change_shows_the_field(stage: Stage) -> None:
    root = await stage.says(ALICE, "<@U0BOT> add a site")
    reference = await stage.chat.send(
        outgoing("c1", thread=root, room=ROOM, report=card("Plan", controls=VOTES))
    )
    stamp = reference.partition("/")[2]
    pressed = {"type": "button", "action_id": "parley.change", "block_id": "b", "value": "c1"}
    await stage.does("interact", channel=ROOM, messageTs=stamp, user=BOB, action=pressed)
    for _ in range(100):
        if calls := await stage.calls("views.open"):
            break
        await asyncio.sleep(0.05)
    assert "Change the plan" in json.dumps(calls)


async def test_a_slash_command(stage: Stage) -> None:
    await stage.does("command", channel=ROOM, user=ALICE, command="/infra", text="agents")
    (message,) = await heard(stage, Message)
    assert (message.text, message.addressed, message.account) == ("agents", True, account(ALICE))
    roots = [each for each in await stage.messages() if message.id.endswith(each["ts"])]
    assert [each["text"] for each in roots] == [f"@{ALICE} asks: agents"]


async def test_a_reply_and_an_edit_of_it(stage: Stage) -> None:
    root = await stage.says(ALICE, "<@U0BOT> add a site")
    reply = await stage.says(BOB, "use port 9090", root)
    await stage.does("edit-message", channel=ROOM, ts=reply, user=BOB, text="approve")
    await stage.says(BOB, "the end", root)
    events = await heard(stage, Message, 3)
    assert [event.text for event in events] == ["add a site", "use port 9090", "the end"]


async def test_files_and_words_for_one_person(stage: Stage) -> None:
    root = await stage.says(ALICE, "<@U0BOT> logs")
    files = (Attachment("output.txt", "été\n" * 400_000),)
    report = Report("answer", (Paragraph("91 % full"),), attachments=files)
    await stage.chat.send(outgoing("f1", thread=root, room=ROOM, report=report))
    words = outgoing("f2", thread=root, room=ROOM, report=card("Not you."), only_to=account(BOB))
    assert "/ephemeral:" in await stage.chat.send(words)
    *_, posted, file, whisper = await stage.messages()
    assert posted["text"] == "91 % full"
    assert (file["files"][0]["name"], file["files"][0]["size"]) == ("output.txt", 2_400_000)
    assert (whisper["text"], whisper["ephemeral_to"]) == ("Not you.", BOB)


async def test_sixty_while_away_and_three_hundred_in_a_burst(stage: Stage) -> None:
    before = await stage.says(ALICE, "<@U0BOT> before")
    await stage.ears.until(lambda _: before in str(stage.ears.cursor))
    cursor = await stage.ears.stop()
    await stage.chat.close()
    away = [await stage.says(ALICE, f"<@U0BOT> away {number}") for number in range(60)]
    chat = stage.bench.chat(**connection())
    again = stage.bench.hear(chat, cursor)
    await again.until(lambda events: len(events) >= 60)
    assert sorted(event.id for event in again.events) == [f"{ROOM}/{stamp}" for stamp in away]
    stage.ears = again
    burst = await asyncio.gather(*(stage.says(ALICE, f"<@U0BOT> burst {n}") for n in range(300)))
    events = await again.until(lambda events: len(events) >= 360)
    assert sorted(event.id for event in events) == sorted(
        f"{ROOM}/{stamp}" for stamp in [*away, *burst]
    )


async def test_the_probe(server: LocalSlack) -> None:
    bench = Bench(server.url)
    chat = bench.chat(**connection())
    assert await probe(chat._settings) is None
    await bench.close()
