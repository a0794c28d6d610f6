"""What people read, before any platform lays it out. Made by `bot.report`, stored in the outbox, rendered by chat adapters."""

from base64 import b64decode
from typing import Any, Literal

from msgspec import Struct, field

from bot.model.people import Account, Conversation

ReportKind = Literal[
    "plan", "progress", "result", "answer", "question", "refusal", "incident", "digest", "error"
]

Tone = Literal["grey", "blue", "green", "amber", "red"]


class Paragraph(Struct, frozen=True):
    """Words. `code spans` stand in backticks; everything else is plain and must be escaped by the renderer.

    `style` `code` is a block laid out verbatim (argv, output); `struck` is struck through; `faint` is secondary.
    """

    text: str
    style: Literal["plain", "strong", "code", "faint", "struck", "heading"] = "plain"


class Control(Struct, frozen=True):
    """Something to press: `action` comes back in a `Click`, `emoji` in a `Reaction`, `label` is what people read."""

    action: str
    emoji: str
    label: str

    @property
    def votes(self) -> bool:
        """Whether the bot puts its emoji on the card itself, for people to join in. Of the others too many would be there."""
        return self.action in {"approve", "reject"}


class Attachment(Struct, frozen=True):
    """Text too long for a message, posted as a file where the platform has files. Of any other `media_type` than text,
    `text` is the bytes in base64."""

    name: str
    text: str
    media_type: str = "text/plain"

    @property
    def content(self) -> bytes:
        """The file's bytes."""
        if self.media_type.startswith("text/"):
            return self.text.encode()
        return b64decode(self.text)


class Report(Struct, frozen=True):
    """One message for people. `data` is the machine-readable half of `interface.md` (keys `plan`, `question`, `run`)."""

    kind: ReportKind
    paragraphs: tuple[Paragraph, ...]
    tone: Tone = "grey"
    controls: tuple[Control, ...] = ()
    mention: Account | None = None
    attachments: tuple[Attachment, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The whole message as plain text: notifications, screen readers, terminals."""
        lines = [paragraph.text for paragraph in self.paragraphs]
        if self.controls:
            lines.append(
                "   ".join(f"{control.emoji} {control.label}".strip() for control in self.controls)
            )
        return "\n".join(lines)


class Line(Struct, frozen=True):
    """One line of a page. `code spans` stand in backticks; `message` is the platform reference of the card it is about."""

    text: str
    message: str | None = None


class Page(Struct, frozen=True):
    """What one person is shown of everything, where a platform has a place for it: lines under headings ("" for none).
    Made by `bot.report.home`; two that are equal show the same."""

    sections: tuple[tuple[str, tuple[Line, ...]], ...]


class Outgoing(Struct, frozen=True):
    """One thing to deliver. `number` is unique for a data folder and rises; `key` is the same at every retry.

    `post` makes a new message in `conversation`; `edit` replaces the message with platform reference `message`;
    `react` puts `emoji` on the message `message`. `only_to` is for that person's eyes alone.
    `uncertain` is true when an earlier try may have come out: look before sending again.
    """

    key: str
    number: int
    conversation: Conversation
    kind: Literal["post", "edit", "react"]
    report: Report | None = None
    message: str | None = None
    emoji: str | None = None
    only_to: Account | None = None
    uncertain: bool = False
