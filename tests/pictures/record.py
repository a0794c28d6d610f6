"""One real session on each platform: alice asks, a card waits, bob approves, it runs. What the bot sent is kept.

The bot is `parley run` (or `parley chat` in a terminal), the platforms are those of the contract suite: a real Synapse, and
servers that speak Slack's and Discord's protocols over real sockets. Called by `__main__` and by the test of the pictures.
"""

import asyncio
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adapters.chat.matrix.render import REPORT
from tests.contracts import world
from tests.contracts.discord_room import DiscordRoom
from tests.contracts.heard import Line
from tests.contracts.matrix_room import MatrixRoom, register
from tests.contracts.room import PATIENCE, Room
from tests.contracts.slack_room import PARLEY, SlackRoom
from tests.pictures.mask import Mask
from tests.servers import discord_world, slack_workspace
from tests.servers.sites import served
from tests.servers.synapse import Synapse

Json = dict[str, Any]
REQUEST = "@infra create a site called hello on web1"
VOTES = frozenset({"✅", "❌"})
COLUMNS, ROWS = 92, 60
ESCAPE = re.compile(r"\x1b\[[\d;]*m")
_TERMINAL = {
    **{name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}},
    **{"TERM": "xterm-256color", "LANG": "C.UTF-8", "TMUX": ""},
}
"""A terminal's own size is asked for, not what a runner of tests says of its own."""


@contextmanager
def somewhere() -> Iterator[tuple[Path, int]]:
    """A fresh folder, and the port on which its sites are served."""
    with (
        tempfile.TemporaryDirectory(prefix="p", dir="/tmp") as made,
        served(Path(made) / "sites") as port,
    ):
        yield Path(made), port


async def slack() -> Json:
    """What `chat.postMessage` and `chat.update` were called with."""
    with somewhere() as (folder, port):
        room = SlackRoom(folder, port)
        try:
            await room.open()
            card = await room.asked()
            fake = room.fake
            kept = fake.shown(card.message).setdefault("_reactions", {})
            before = await _seeds(room, kept, slack_workspace.BOT)
            posted = next(each for each in fake.called("chat.postMessage") if _is_card(each))
            await _approved(room, card)
            after = _reactions(kept, slack_workspace.BOT)
            edited = [each for each in fake.called("chat.update") if _is_card(each)][-1]
        finally:
            await room.close()
        return _recorded(Mask(folder, port, _short(card)), posted, before, edited, after)


def _is_card(body: Json) -> bool:
    return bool(body["metadata"]["event_payload"].get("kind") == "plan")


async def discord() -> Json:
    """The bodies of the POST and of the last PATCH of the card."""
    with somewhere() as (folder, port):
        room = DiscordRoom(folder, port)
        try:
            await room.open()
            card = await room.asked()
            fake = room.fake
            kept = fake.reactions.setdefault((card.thread, card.message), {})
            before = await _seeds(room, kept, discord_world.BOT)
            posted = next(
                each.body for each in fake.made("POST", "/messages") if each.body.get("components")
            )
            await _approved(room, card)
            after = _reactions(kept, discord_world.BOT)
            edited = fake.made("PATCH", f"/messages/{card.message}")[-1].body
        finally:
            await room.close()
        return _recorded(Mask(folder, port, _short(card)), posted, before, edited, after)


async def matrix() -> Json:
    """The contents of the event of the card and of the last event that replaces it, as a member reads them."""
    server = Synapse()
    try:
        server.start()
        with somewhere() as (folder, port):
            room = MatrixRoom(server, register(server), folder, port)
            try:
                await room.start_bot()
                card = await room.asked()
                posted, before = await _events(room, card.message)
                await _approved(room, card)
                edited, after = await _events(room, card.message)
            finally:
                await room.close()
            return _recorded(Mask(folder, port, _short(card)), posted[0], before, edited[-1], after)
    finally:
        server.close()


async def _events(room: MatrixRoom, message: str) -> tuple[list[Json], Json]:
    """The contents of a message and of its edits, and the reactions to it."""
    answer = await room.people["alice"].request(
        "GET", "rooms", room.room, "messages", dir="b", limit="500"
    )
    contents: list[Json] = []
    reactions: dict[str, list[str]] = {}
    for event in reversed(answer["chunk"]):
        content = event["content"]
        relation = content.get("m.relates_to", {})
        about = relation.get("event_id")
        if event["type"] == "m.reaction" and about == message:
            reactions.setdefault(relation["key"], []).append(event["sender"])
        elif event["event_id"] == message or (
            relation.get("rel_type") == "m.replace" and about == message
        ):
            contents.append(_readable(content))
    return contents, _reactions(reactions, room.bot.id)


def _readable(content: Json) -> Json:
    """Without the half for machines, which nobody is shown."""
    kept = {key: value for key, value in content.items() if key != REPORT}
    if "m.new_content" in kept:
        kept["m.new_content"] = _readable(kept["m.new_content"])
    return kept


async def terminal() -> Json:
    """The screen of `parley chat` in tmux, colours and all."""
    with somewhere() as (folder, port):
        accounts = {name: name for name in world.KNOWN}
        table = "[chat.console]\nimpersonate = true"
        configuration = world.write(folder, port, table, "console", accounts)
        tmux = Tmux(folder / "tmux")
        await tmux.opened(f"{PARLEY} -c {configuration} chat --as alice")
        try:
            await tmux.sees(r"alice ›$")
            await tmux.types(REQUEST)
            waiting = await tmux.sees(r"alice \(plan \w+\) ›$")
            await tmux.types("/as bob")
            await tmux.sees(r"You are bob now\.\nbob \(plan \w+\) ›$")
            await tmux.types("+")
            screen = await tmux.sees(r"alice, done(?s:.*)\nbob ›$")
        finally:
            await tmux.close()
        found = re.search(r"Plan ([0-9a-f]{4})", "\n".join(waiting))
        assert found is not None, waiting
        return {"screen": Mask(folder, port, found[1])(screen)}


class Tmux:
    """A terminal of `COLUMNS` by `ROWS` on a server of its own."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def opened(self, command: str) -> None:
        size = ("-x", str(COLUMNS), "-y", str(ROWS))
        await self._run("-f", "/dev/null", "new-session", "-d", *size, command)

    async def types(self, words: str) -> None:
        await self._run("send-keys", "-l", words)
        await self._run("send-keys", "Enter")

    async def screen(self) -> list[str]:
        """Its lines with their escape codes, those at the end that show nothing left out."""
        shown = await self._run("capture-pane", "-e", "-p", "-S", "-")
        lines = [line.rstrip() for line in shown.split("\n")]
        while lines and not ESCAPE.sub("", lines[-1]).strip():
            lines.pop()
        return lines

    async def sees(self, pattern: str) -> list[str]:
        """The screen, as soon as its text has this."""
        clock = asyncio.get_running_loop().time
        last = clock() + PATIENCE
        while not re.search(pattern, ESCAPE.sub("", "\n".join(screen := await self.screen()))):
            assert clock() < last, "\n".join(screen)
            await asyncio.sleep(0.1)
        return screen

    async def close(self) -> None:
        await self._run("kill-server")

    async def _run(self, *words: str) -> str:
        done = await asyncio.to_thread(
            subprocess.run,
            ["tmux", "-u", "-S", str(self._socket), *words],
            capture_output=True,
            text=True,
            check=True,
            env=_TERMINAL,
        )
        return done.stdout


async def _approved(room: Room, card: Line) -> None:
    """Bob says yes, and all of it has come true and been said; the bot has taken its own emoji off again."""
    await room.reacts("bob", "✅", card.message)
    await room.card(card.message, "done")
    await room.post(card.thread, "result")
    await room.until(lambda heard: not VOTES & heard.offers.get(card.message, frozenset()))


async def _seeds(room: Room, kept: Json, bot: str) -> Json:
    """The reactions of a card that has just come, as soon as both are there: its buttons come first."""
    await room.until(lambda _: len(kept) == len(VOTES))
    return _reactions(kept, bot)


def _short(card: Line) -> str:
    return str(card.data["plan"]["id"])[-4:]


def _reactions(found: Json, bot: str) -> Json:
    """Who put which: the bot, or a person."""
    return {
        emoji: ["infra" if each == bot else "bob" for each in users]
        for emoji, users in sorted(found.items())
        if users
    }


def _recorded(mask: Mask, posted: Json, before: Json, edited: Json, after: Json) -> Json:
    return {
        "waiting": {"message": mask(posted), "reactions": before},
        "done": {"message": mask(edited), "reactions": after},
    }
