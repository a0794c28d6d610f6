"""What real Slack refuses of a message or a view, as its documentation says. Used by `slack_fake` and by the tests of the renderer."""

from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]


def faults(message: Json) -> list[str]:
    """Every rule that the message breaks; empty for a good one."""
    attached = [
        each for card in message.get("attachments") or [] for each in card.get("blocks", [])
    ]
    blocks = [*(message.get("blocks") or []), *attached]
    found = [fault for block in blocks for fault in _block(block)]
    if len(blocks) > 50:
        found.append(f"{len(blocks)} blocks")
    if sum(map(_size, blocks)) > 13_200:
        found.append("msg_blocks_too_long")
    if not blocks and not message.get("text"):
        found.append("no_text")
    if len(message.get("text") or "") > 40_000:
        found.append("msg_too_long")
    return found


def view_faults(view: Json) -> list[str]:
    """Every rule that a modal or a Home tab breaks; empty for a good one."""
    blocks = view.get("blocks") or []
    found = [fault for block in blocks for fault in _block(block)]
    if not 1 <= len(blocks) <= 100:
        found.append(f"{len(blocks)} blocks")
    if len(view.get("private_metadata", "")) > 3_000:
        found.append("private_metadata")
    if view.get("type") == "modal":
        for name in ("title", "submit", "close"):
            found += _text(view[name], 24, ("plain_text",))
    elif view.get("type") != "home":
        found.append(f"view type {view.get('type')}")
    return found


_TEXTS: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "header": ("text", 150, ("plain_text",)),
    "section": ("text", 3_000, ("plain_text", "mrkdwn")),
    "input": ("label", 2_000, ("plain_text",)),
}


def _block(block: Json) -> Iterator[str]:
    kind = str(block.get("type"))
    if kind in _TEXTS:
        key, most, kinds = _TEXTS[kind]
        yield from _text(block[key], most, kinds)
    elif kind in _PARTS:
        yield from _PARTS[kind](block)
    else:
        yield f"block type {kind}"


def _context(block: Json) -> Iterator[str]:
    if not 1 <= len(block["elements"]) <= 10:
        yield "context elements"
    for element in block["elements"]:
        yield from _text(element, 3_000, ("plain_text", "mrkdwn"))


def _actions(block: Json) -> Iterator[str]:
    names = [element["action_id"] for element in block["elements"]]
    if not 1 <= len(names) <= 25 or len(set(names)) != len(names):
        yield "actions elements"
    for element in block["elements"]:
        yield from _text(element["text"], 75, ("plain_text",))
        if not 1 <= len(element["action_id"]) <= 255 or len(element["value"]) > 2_000:
            yield "button ids"


def _rich(block: Json) -> Iterator[str]:
    if not block["elements"] or not all(part["elements"] for part in block["elements"]):
        yield "empty rich_text"
    if _size(block) > 3_000:
        yield "rich_text too long"
    for part in block["elements"]:
        if part["type"] == "rich_text_list":
            yield from (fault for item in part["elements"] for fault in _rich_part(item))
        else:
            yield from _rich_part(part)


def _rich_part(part: Json) -> Iterator[str]:
    if part["type"] not in {"rich_text_section", "rich_text_preformatted"} or not part["elements"]:
        yield f"rich_text part {part['type']}"
    for element in part["elements"]:
        kind = element["type"]
        good = {"text": "text", "link": "url", "user": "user_id"}.get(kind)
        if good is None or not element[good]:
            yield f"rich_text element {element}"


_PARTS: dict[str, Callable[[Json], Iterator[str]]] = {
    "context": _context,
    "actions": _actions,
    "rich_text": _rich,
}


def _text(text: Json, most: int, kinds: tuple[str, ...]) -> Iterator[str]:
    if text.get("type") not in kinds or not 1 <= len(text.get("text") or "") <= most:
        yield f"text of {len(text.get('text') or '')} characters"


def _size(block: Json) -> int:
    """Characters that people read."""
    if isinstance(block.get("text"), str):
        return len(block["text"])
    inside = [block["text"]] if isinstance(block.get("text"), dict) else []
    return sum(map(_size, [*inside, *block.get("elements", [])]))
