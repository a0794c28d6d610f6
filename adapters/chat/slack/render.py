"""A Report as a Slack message: fallback text, blocks, a coloured attachment, buttons. Used by `delivery`; pure.

Words are laid out as rich text, whose parts are literal: nothing in them pings, links, turns bold or becomes an emoji,
and an argv can be copied as it is. Only the fallback text is markup to Slack, and it is escaped.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec import Struct

from adapters.chat.slack.blocks import Json, plain, rich, text
from adapters.chat.slack.text import escape, visible
from adapters.chat.slack.translate import CHANGE
from bot.model.reports import Attachment, Control, Paragraph, Report, Tone

BLOCKS = 50
"""Of one message, header and buttons among them."""
BLOCK = 3_000
"""Characters of one block."""
WHOLE = 12_000
"""Characters of all blocks; Slack refuses more than 13,200 of them."""
HEADER = 150
LABEL = 75
BUTTONS = 25
ACTION = 255
FALLBACK = 3_900
"""Characters of the plain text; an edit may have 4,000."""
SHORTENED = 2_500
"""Characters left of a text that is a file."""
EVENT = "parley_report"
"""The type of the metadata that every message carries: its key, by which an uncertain send is found again."""

_COLOURS: dict[Tone, str] = {
    "grey": "#8d97a5",
    "blue": "#2f7de1",
    "green": "#2e9e5b",
    "amber": "#d48806",
    "red": "#d64545",
}
_STYLES: dict[str, Json] = {"strong": {"bold": True}, "heading": {"bold": True}, "struck": {"strike": True}}  # fmt: skip
_BUTTONS = {"approve": "primary", "reject": "danger"}
_SPAN = re.compile(r"`([^`\n]+)`")
_NAMED = re.compile(r"[^\s,<&`]+(?=,)")


class Card(Struct, frozen=True):
    """What `chat.postMessage` and `chat.update` take, and the files that go with it."""

    body: Json
    files: tuple[Attachment, ...]


def card(report: Report, key: str, instance: str) -> Card:
    """The message. Too long a text is one of the files."""
    words = sum(len(visible(paragraph.text)) for paragraph in report.paragraphs)
    files = report.attachments
    blocks = list(_laid_out(report.paragraphs, report, instance)) if words <= WHOLE else []
    if words > WHOLE or len(blocks) > BLOCKS - 1:
        whole = Attachment("message.txt", report.text)
        short = visible(report.text)[:SHORTENED] + f"\n… The whole text is in {whole.name}."
        blocks, files = [rich(_section([Paragraph(short)], ""))], (whole, *files)
    first, rest = blocks[:1], [*blocks[1:], *_actions(report, key)]
    fallback = _fallback(visible(report.text))
    coloured = {"color": _COLOURS[report.tone], "fallback": fallback[:300], "blocks": rest}
    body = {
        "text": fallback,
        "blocks": first,
        "attachments": [coloured] if rest else [],
        "metadata": _metadata(report, key),
    }
    return Card(body, files)


def _fallback(plain: str) -> str:
    """The words for notifications and screen readers, escaped and then short enough."""
    whole, kept = escape(plain), plain
    while len(whole) > FALLBACK:
        kept = kept[: len(kept) * (FALLBACK - 2) // len(whole)]
        whole = escape(kept) + " …"
    return whole


def _metadata(report: Report, key: str) -> Json:
    """The key, and enough of the machine-readable half to tell a card's state; all flat strings."""
    payload = {"key": key, "kind": report.kind}
    plan, question = report.data.get("plan"), report.data.get("question")
    if isinstance(plan, dict):
        payload |= {f"plan_{name}": str(plan.get(name, "")) for name in ("id", "revision", "state")}
    if isinstance(question, dict):
        payload["question_id"] = str(question.get("id", ""))
    return {"event_type": EVENT, "event_payload": payload}


def _laid_out(paragraphs: Iterable[Paragraph], report: Report, instance: str) -> Iterator[Json]:
    """Blocks: a header, faint lines as context, everything else as rich text of at most `BLOCK` characters."""
    user = report.mention.user if report.mention and report.mention.instance == instance else ""
    waiting: list[Paragraph] = []
    for number, paragraph in enumerate(_cut(paragraphs)):
        apart = _apart(paragraph, first=number == 0 and not user)
        size = sum(len(each.text) + 1 for each in waiting)
        if waiting and (apart or size + len(paragraph.text) >= BLOCK):
            yield from _flush(waiting, user)
            waiting, user = [], ""
        if apart:
            yield apart
        else:
            waiting.append(paragraph)
    yield from _flush(waiting, user)


def _cut(paragraphs: Iterable[Paragraph]) -> Iterator[Paragraph]:
    """Paragraphs that fit a block."""
    room = BLOCK - 1
    for paragraph in paragraphs:
        shown = visible(paragraph.text)
        for start in range(0, max(len(shown), 1), room):
            yield Paragraph(shown[start : start + room], paragraph.style)


def _apart(paragraph: Paragraph, *, first: bool) -> Json | None:
    """The block of a paragraph that is one of its own."""
    said = paragraph.text.strip()
    if first and paragraph.style == "heading" and said and len(said) <= HEADER:
        return {"type": "header", "text": plain(said.replace("\n", " "))}
    if paragraph.style == "faint" and said:
        return {"type": "context", "elements": [plain(said)]}
    return None


def _flush(paragraphs: list[Paragraph], user: str) -> Iterator[Json]:
    """One rich text block; none for empty lines alone."""
    if any(paragraph.text.strip() for paragraph in paragraphs):
        yield rich(*_parts(paragraphs, user))


def _parts(paragraphs: list[Paragraph], user: str) -> Iterator[Json]:
    """Sections of words, and code verbatim; code that follows code is one piece."""
    for code, run in groupby(paragraphs, lambda paragraph: paragraph.style == "code"):
        group = list(run)
        while group and not group[-1].text.strip():
            group.pop()
        while group and not group[0].text.strip():
            group.pop(0)
        if code and group:
            said = "\n".join(paragraph.text for paragraph in group)
            yield {"type": "rich_text_preformatted", "elements": [text(said)]}
        elif group:
            yield _section(group, user)
        user = ""


def _section(paragraphs: list[Paragraph], user: str) -> Json:
    elements: list[Json] = []
    for number, paragraph in enumerate(paragraphs):
        line = list(_spans(paragraph))
        line = _mention(line, user) if number == 0 and user else line
        elements += [*([text("\n")] if number else []), *line]
    return {"type": "rich_text_section", "elements": elements}


def _spans(paragraph: Paragraph) -> Iterator[Json]:
    """Literal parts, with the words between backticks in code font."""
    style = _STYLES.get(paragraph.style, {})
    position = 0
    for found in _SPAN.finditer(paragraph.text):
        if found.start() > position:
            yield text(paragraph.text[position : found.start()], style)
        yield text(found[1], {**style, "code": True})
        position = found.end()
    if position < len(paragraph.text):
        yield text(paragraph.text[position:], style)


def _mention(line: list[Json], user: str) -> list[Json]:
    """The name that a report begins with (`alice, done: …`) as a mention of the person."""
    if not line or "code" in line[0].get("style", {}):
        return line
    named = _NAMED.match(line[0]["text"])
    if named is None:
        return line
    rest = {**line[0], "text": line[0]["text"][named.end() :]}
    return [{"type": "user", "user_id": user}, rest, *line[1:]]


def _actions(report: Report, key: str) -> list[Json]:
    """The controls as buttons. A plan that waits for votes has one more, which opens a modal."""
    controls = {each.action: each for each in report.controls if 0 < len(each.action) <= ACTION}
    if report.kind == "plan" and "approve" in controls:
        controls[CHANGE] = Control(CHANGE, "", "change…")
    buttons = [_button(each, key) for each in list(controls.values())[:BUTTONS]]
    return [{"type": "actions", "elements": buttons}] if buttons else []


def _button(control: Control, key: str) -> Json:
    label = visible(f"{control.emoji} {control.label}".strip() or control.action)
    label = label if len(label) <= LABEL else label[: LABEL - 1] + "…"
    button: Json = {
        "type": "button",
        "action_id": control.action,
        "value": key[:2_000],
        "text": {"type": "plain_text", "text": label, "emoji": True},
    }
    style = _BUTTONS.get(control.action)
    return button | ({"style": style} if style else {})
