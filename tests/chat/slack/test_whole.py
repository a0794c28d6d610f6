"""The whole bot with Slack as its chat: asked, planned, changed, voted on, run, said. Judged by what the workspace shows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.app import open_house, serve
from bot.config import Configuration, build
from tests.chat.slack.scenes import ALICE, BOB, COMMAND, INSTANCE, Bench, press
from tests.servers.sites import served
from tests.servers.slack_fake import SlackFake

STRANGER = "U09MALLORY"


def configuration(folder: Path, port: int) -> Configuration:
    table: dict[str, Any] = {
        "bot": {"data": "data"},
        "agents": [
            {
                "name": "web1",
                "target": "local:",
                "packs": ["demo-site"],
                "level": 3,
                "vars": {"root": str(folder / "sites"), "port": port},
            }
        ],
        "people": [
            {"name": "alice", "roles": ["operator"], INSTANCE: ALICE},
            {"name": "bob", "roles": ["operator"], INSTANCE: BOB},
        ],
    }
    return build(table, folder / "parley.toml", folder, {})


@asynccontextmanager
async def running(bench: Bench, folder: Path, port: int) -> AsyncIterator[None]:
    """One process of the bot, drained at the end."""
    settings, stop = configuration(folder, port), asyncio.Event()
    async with open_house(settings) as house:
        serving = asyncio.create_task(serve(house, settings, {INSTANCE: bench.chat()}, stop))
        try:
            yield
        finally:
            stop.set()
            await serving


def cards(fake: SlackFake, root: str, state: str) -> list[dict[str, Any]]:
    """The bot's cards in a thread that are in this state, by the metadata of the message itself."""
    inside = [
        each for each in fake.channels["C1"] if each.get("thread_ts") == root and "metadata" in each
    ]
    payloads = [(each, each["metadata"]["event_payload"]) for each in inside]
    return [each for each, payload in payloads if payload.get("plan_state") == state]


async def asked(fake: SlackFake, name: str) -> str:
    """A site is asked for; the thread with its card and both seeds."""
    await fake.connected(2)
    said = fake.say(ALICE, f"<@U0BOT> create a site called {name} on web1")
    await fake.event(said)

    def waits() -> bool:
        found = cards(fake, said["ts"], "pending")
        return bool(found) and len(found[0].get("_reactions", {})) == 2

    await fake.until(waits)
    assert "eyes" in fake.shown(f"C1/{said['ts']}")["_reactions"]
    return str(said["ts"])


async def test_a_plan_is_approved_by_a_click(bench: Bench, fake: SlackFake, tmp_path: Path) -> None:
    with served(tmp_path / "sites") as port:
        async with running(bench, tmp_path, port):
            root = await asked(fake, "hello")
            (card,) = cards(fake, root, "pending")
            await fake.send("interactive", press(f"C1/{card['ts']}", "approve", root))
            await fake.until(lambda: cards(fake, root, "done"))
            await fake.until(lambda: "bob" in fake.channels["C1"][-1]["text"])
    assert (tmp_path / "sites" / "hello" / "index.html").exists()
    shown = str(cards(fake, root, "done")[0]["attachments"])
    assert not any(f"'action_id': '{vote}'" in shown for vote in ("approve", "reject"))


async def test_votes_that_must_not_count_and_one_that_does(
    bench: Bench, fake: SlackFake, tmp_path: Path
) -> None:
    """A stranger's, the bot's own, an edited message's; then bob's, put on the card while the bot was away."""
    with served(tmp_path / "sites") as port:
        async with running(bench, tmp_path, port):
            root = await asked(fake, "hello")
            stamp = cards(fake, root, "pending")[0]["ts"]
            await fake.event(fake.react(STRANGER, "white_check_mark", "C1", stamp))
            own = {"type": "message", "channel": "C1", "ts": stamp}
            await fake.event(
                {
                    "type": "reaction_added",
                    "user": "U0BOT",
                    "reaction": "white_check_mark",
                    "item": own,
                    "event_ts": fake.stamp(),
                }
            )
            words = fake.say(BOB, "hm", thread_ts=root)
            edit = {
                "type": "message",
                "subtype": "message_changed",
                "channel": "C1",
                "message": {**words, "text": "approve"},
            }
            await fake.event({**edit, "ts": fake.stamp()})
            await fake.until(lambda: any(each["user"] == STRANGER for each in fake.ephemeral))
            assert cards(fake, root, "pending")
        fake.react(BOB, "white_check_mark", "C1", stamp)
        async with running(bench, tmp_path, port):
            await fake.until(lambda: cards(fake, root, "done"))
    assert (tmp_path / "sites" / "hello" / "index.html").exists()


async def test_a_command_and_a_change(bench: Bench, fake: SlackFake, tmp_path: Path) -> None:
    with served(tmp_path / "sites") as port:
        async with running(bench, tmp_path, port):
            await fake.connected(2)
            await fake.send(
                "slash_commands", COMMAND | {"text": "create a site called hello on web1"}
            )
            await fake.until(
                lambda: any(
                    "metadata" in e and cards(fake, e["ts"], "pending") for e in fake.channels["C1"]
                )
            )
            root = next(e["ts"] for e in fake.channels["C1"] if cards(fake, e["ts"], "pending"))
            (card,) = cards(fake, root, "pending")
            await fake.send("interactive", press(f"C1/{card['ts']}", "parley.change", root))
            await fake.until(lambda: fake.called("views.open"))
            (opened,) = fake.called("views.open")
            values = {"words": {"words": {"value": "make it world"}}}
            view = {**opened["view"], "id": "V1", "state": {"values": values}}
            await fake.send(
                "interactive", {"type": "view_submission", "user": {"id": BOB}, "view": view}
            )
            await fake.until(lambda: cards(fake, root, "superseded"))
            await fake.until(lambda: cards(fake, root, "pending"))
            assert "world" in cards(fake, root, "pending")[0]["text"]
    assert not (tmp_path / "sites" / "hello").exists()
