"""Which platforms have a picture, where it and its recording are kept, and how one becomes the other."""

import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.pictures import discord, matrix, record, slack, terminal
from tests.pictures.canvas import Said, picture

Json = dict[str, Any]
FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
_WAITING = "{0}: the card while it waits for a vote"
_DONE = "The same message a moment later, approved by bob"


@dataclass(frozen=True, slots=True)
class Platform:
    """`record` makes a session, `read` turns one of its messages into what is drawn."""

    title: str
    record: Callable[[], Coroutine[Any, Any, Json]]
    read: Callable[[str, Json], Said]


PLATFORMS = {
    "slack": Platform("Slack", record.slack, slack.read),
    "discord": Platform("Discord", record.discord, discord.read),
    "matrix": Platform("Matrix", record.matrix, matrix.read),
    "terminal": Platform("Terminal", record.terminal, terminal.read),
}


def path(name: str, ending: str) -> Path:
    """The recording (`json`) or the picture (`svg`) of a platform."""
    return FOLDER / f"{name}.{ending}"


def kept(name: str) -> Json:
    """The recording."""
    found: Json = json.loads(path(name, "json").read_text(encoding="utf8"))
    return found


def keep(name: str, recorded: Json) -> None:
    """Put a recording in its place."""
    text = json.dumps(recorded, ensure_ascii=False, indent=2)
    path(name, "json").write_text(text + "\n", encoding="utf8")


def drawn(name: str) -> str:
    """The picture that the recording makes."""
    platform, recorded = PLATFORMS[name], kept(name)
    title = f"A plan on {platform.title}: waiting for approval, and done"
    if "screen" in recorded:
        return picture(title, [platform.read("parley chat, in a terminal", recorded)])
    waiting = platform.read(_WAITING.format(platform.title), recorded["waiting"])
    return picture(title, [waiting, platform.read(_DONE, recorded["done"])])
