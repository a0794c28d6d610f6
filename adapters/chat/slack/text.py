"""Slack's way of writing words, both ways: `<…>` tokens and entities in, literal text out. Used by `translate` and `render`."""

import re

_TOKEN = re.compile(r"<([^<>\n]*)>")
_DIRECTION = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_SHOWN = (
    {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\t\n"}
    | {127: "\u2421"}
    | {code: f"<{code:02X}>" for code in range(0x80, 0xA0)}
    | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
    | {ord(mark): f"<U+{ord(mark):04X}>" for mark in _DIRECTION}
)


def read(raw: str) -> str:
    """What somebody wrote, as they saw it: links as typed, mentions as @ and a name, entities as characters."""
    whole = raw.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return unescape(_TOKEN.sub(_token, whole))


def unescape(raw: str) -> str:
    """The three entities that Slack uses; every other one stays as it was typed."""
    return raw.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def escape(text: str) -> str:
    """Text in which no `<…>` of it pings, links or dates anything."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def visible(text: str) -> str:
    """The text with control and direction characters as marks that can be read."""
    return text.replace("\r\n", "\n").translate(_SHOWN)


def _token(found: re.Match[str]) -> str:
    target, _, label = found[1].partition("|")
    match target[:1]:
        case "@" | "#":
            return target[0] + (label or target[1:]).removeprefix(target[0])
        case "!":
            word = target[1:].partition("^")[0]
            return label or f"@{word}"
        case _:
            return label if label and _same(target, label) else target


def _same(url: str, label: str) -> bool:
    """Whether Slack made this link from the words themselves. Else the words may hide where it leads."""
    bare = url.removeprefix("mailto:").removeprefix("tel:")
    for scheme in ("http://", "https://"):
        bare = bare.removeprefix(scheme)
        label = label.removeprefix(scheme)
    return bare.rstrip("/") == label.rstrip("/")
