"""What a room has heard from the bot, in one form for every platform. Made by the rooms, judged by tests and `checks`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """Something a person wrote: its id, and the thread it is in or opened."""

    id: str
    thread: str


@dataclass(frozen=True, slots=True)
class Line:
    """One thing the bot did, as it came. `message` is what was posted, edited or reacted to; `only_to` names the one
    person who can see it; `data` is the machine-readable half of the report. A `file` belongs to the post before it."""

    event: Literal["post", "edit", "react", "file"]
    message: str
    thread: str = ""
    only_to: str | None = None
    text: str = ""
    kind: str = ""
    data: Json = field(default_factory=dict)
    emoji: str = ""

    @property
    def state(self) -> str:
        """The plan's state on a card; empty for everything else."""
        return str((self.data.get("plan") or {}).get("state", ""))


@dataclass(frozen=True, slots=True)
class Heard:
    """Every line so far, in order. `offers` maps a message to the emoji that the bot holds out under it now, as reactions or on
    buttons."""

    lines: Sequence[Line]
    offers: dict[str, frozenset[str]] = field(default_factory=dict)

    def posts(self, thread: str | None = None) -> list[Line]:
        """What everybody can read, each message once, as it was posted: in one thread or in all."""
        found: dict[str, Line] = {}
        for line in self.lines:
            if line.event == "post" and not line.only_to and thread in {None, line.thread}:
                found.setdefault(line.message, line)
        return list(found.values())

    def kinds(self, thread: str) -> list[str]:
        """The kinds of what was posted in a thread."""
        return [line.kind for line in self.posts(thread)]

    def first(self, thread: str, *kinds: str) -> Line | None:
        """The first post of one of these kinds in a thread."""
        return next((line for line in self.posts(thread) if line.kind in kinds), None)

    def history(self, message: str) -> list[Line]:
        """A message as it was posted and edited."""
        return [line for line in self.lines if line.message == message and line.event != "react"]

    def card(self, message: str) -> Line:
        """A message as it reads now."""
        return self.history(message)[-1]

    def states(self, message: str) -> list[str]:
        """The states that a card has shown, each once in a row."""
        shown: list[str] = []
        for line in self.history(message):
            if not shown or shown[-1] != line.state:
                shown.append(line.state)
        return shown

    def private(self, person: str) -> list[str]:
        """The words for that person alone."""
        return [line.text for line in self.lines if line.event == "post" and line.only_to == person]

    def glanced(self, message: str) -> bool:
        """Whether the bot has put 👀 on a message."""
        return any(
            line.event == "react" and line.message == message and line.emoji == "👀"
            for line in self.lines
        )

    def transcript(self) -> str:
        """For a failed test."""
        return "\n".join(
            f"{line.event} {line.message} [{line.thread}] {line.only_to or ''} {line.kind} {line.state} {line.emoji} "
            f"{line.text[:120]!r}"
            for line in self.lines[-60:]
        )
