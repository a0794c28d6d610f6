"""The modals, the Home tab, and the line that opens a command's thread. Used by `commands` and `home`; pure."""

import json
from collections.abc import Iterator

from adapters.chat.slack.blocks import Json, plain, rich, text
from adapters.chat.slack.render import EVENT, SHORTENED
from adapters.chat.slack.text import escape, visible
from adapters.chat.slack.translate import AGENT, ASK, CAPABILITY, CHANGE, INPUT
from bot.model.reports import Line, Page

LINES = 12
"""Shown of one section of the Home tab."""
LINE = 220
"""Characters of one of its lines."""


def change(channel: str, thread: str) -> Json:
    """The view behind "change…". Where its words belong travels with it."""
    hint = "For example: use port 9090. Every change asks for approval anew."
    return _modal(
        CHANGE,
        {"channel": channel, "thread": thread},
        ("Change the plan", "Change", "Leave it"),
        _input("What should be different?", _field(), INPUT, hint),
    )


def ask(channel: str, asking: bool) -> Json:
    """The view behind `/infra` alone. Agents and capabilities are offered while somebody types."""
    hint = "For example: how full is the disk? Or only what the capability needs to know."
    return _modal(
        ASK,
        {"channel": channel, "asking": asking},
        ("Ask for something", "Ask", "Leave it"),
        _input("In your words", _field(), INPUT, hint, optional=True),
        _input("Or a capability", _select(CAPABILITY, "Search"), CAPABILITY, optional=True),
        _input("On which agent", _select(AGENT, "Whichever fits"), AGENT, optional=True),
    )


def options(names: list[str]) -> list[Json]:
    """What a search offers."""
    return [{"text": plain(_cut(visible(name), 75)), "value": name[:150]} for name in names]


def home(page: Page, workspace: str) -> Json:
    """The Home tab. `workspace` is its URL, for links to cards."""
    blocks = [block for part in page.sections for block in _section(*part, workspace)]
    return {"type": "home", "blocks": blocks}


def asked(user: str, words: str, key: str) -> Json:
    """The message that opens the thread of a slash command: who asked what."""
    shown = _cut(visible(words), SHORTENED)
    line = [{"type": "user", "user_id": user}, text(" asks: "), text(shown or "help")]
    return {
        "text": escape(f"@{user} asks: {shown}"),
        "blocks": [rich({"type": "rich_text_section", "elements": line})],
        "metadata": {"event_type": EVENT, "event_payload": {"key": key, "kind": "asked"}},
    }


def _modal(kind: str, place: Json, labels: tuple[str, str, str], *blocks: Json) -> Json:
    title, submit, close = labels
    return {
        "type": "modal",
        "callback_id": kind,
        "private_metadata": json.dumps(place),
        "title": plain(title),
        "submit": plain(submit),
        "close": plain(close),
        "blocks": list(blocks),
    }


def _input(label: str, element: Json, id: str, hint: str = "", *, optional: bool = False) -> Json:
    block = {"type": "input", "block_id": id, "label": plain(label), "element": element}
    return block | ({"hint": plain(hint)} if hint else {}) | {"optional": optional}


def _field() -> Json:
    return {"type": "plain_text_input", "action_id": INPUT, "multiline": True, "max_length": 3_000}


def _select(id: str, placeholder: str) -> Json:
    return {
        "type": "external_select",
        "action_id": id,
        "min_query_length": 0,
        "placeholder": plain(placeholder),
    }


def _section(heading: str, lines: tuple[Line, ...], workspace: str) -> Iterator[Json]:
    if heading:
        yield {"type": "header", "text": plain(_cut(visible(heading), 150))}
    said = (list(_line(each, workspace)) for each in lines[:LINES] if each.text)
    items = [{"type": "rich_text_section", "elements": words} for words in said if words]
    if items:
        yield rich({"type": "rich_text_list", "style": "bullet", "elements": items})
    if len(lines) > LINES:
        more = f"{len(lines) - LINES} more."
        yield {"type": "context", "elements": [plain(more)]}


def _line(line: Line, workspace: str) -> Iterator[Json]:
    said = _cut(visible(line.text), LINE)
    for number, part in enumerate(said.split("`")):
        if part:
            yield text(part, {"code": True} if number % 2 else None)
    channel, _, stamp = (line.message or "").partition("/")
    if stamp and workspace:
        url = f"{workspace.rstrip('/')}/archives/{channel}/p{stamp.replace('.', '')}"
        yield text(" ")
        yield {"type": "link", "url": url, "text": "open"}


def _cut(said: str, most: int) -> str:
    return said if len(said) <= most else said[: most - 1] + "…"
