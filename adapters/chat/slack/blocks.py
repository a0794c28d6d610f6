"""The parts that messages, modals and the Home tab are made of. Used by `render` and `views`; pure."""

from typing import Any

Json = dict[str, Any]


def plain(said: str) -> Json:
    """Words that Slack does not read for markup or emoji."""
    return {"type": "plain_text", "text": said, "emoji": False}


def text(said: str, style: Json | None = None) -> Json:
    """A literal part of rich text."""
    return {"type": "text", "text": said} | ({"style": style} if style else {})


def rich(*parts: Json) -> Json:
    """A block of rich text."""
    return {"type": "rich_text", "elements": list(parts)}
