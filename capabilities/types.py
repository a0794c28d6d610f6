"""The published table of slot types. Called at load for defaults and examples, by the planner for answers, and by
`render` (so by the guard too) for every value; what passes goes into argv.

A value is compared as given: nothing is trimmed, folded or normalised into validity, and none may start with `-`.
Every alphabet is ASCII. `joins` says whether the type may stand inside a word or a heredoc: its alphabet has then no
white space, quotes, backtick, backslash or any of `;{}$#,=&|<>`.
"""

import ipaddress
import posixpath
import re
from collections.abc import Callable

from msgspec import Struct

from bot.model.sections import Refusal, Slot, Value
from capabilities.addresses import FQDN, HOSTNAME, url_fault

MAX_ITEMS = 64
SHOWN = 60


class SlotType(Struct, frozen=True):
    """One row of the table: the whole value must match `pattern`, then `fault` (which may say why not) must agree."""

    name: str
    pattern: re.Pattern[str]
    words: str
    joins: bool
    fault: Callable[[Slot, str], str | None]


def _fine(_slot: Slot, _value: str) -> str | None:
    return None


def _no_dots(_slot: Slot, value: str) -> str | None:
    return "has '..' in it" if ".." in value else None


def _length(_slot: Slot, value: str) -> str | None:
    return "is longer than 253 characters" if len(value) > 253 else None


def _ip(_slot: Slot, value: str) -> str | None:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return "is no IP address"
    return None


def _cidr(_slot: Slot, value: str) -> str | None:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return "is no network such as 10.0.0.0/24"
    return None


def _range(slot: Slot, value: str) -> str | None:
    number = int(value)
    low = slot.minimum if slot.minimum is not None else number
    high = slot.maximum if slot.maximum is not None else number
    return None if low <= number <= high else f"is not within {slot.minimum}..{slot.maximum}"


def _port(slot: Slot, value: str) -> str | None:
    return _range(slot, value) if 1 <= int(value) <= 65535 else "is not within 1..65535"


def _email(slot: Slot, value: str) -> str | None:
    return _no_dots(slot, value) or _length(slot, value)


def _enum(slot: Slot, value: str) -> str | None:
    return None if value in slot.choices else f"is not one of {', '.join(slot.choices)}"


def _pattern(slot: Slot, value: str) -> str | None:
    if ".." in value:
        return "has '..' in it"
    matches = slot.pattern is not None and re.fullmatch(slot.pattern, value, re.ASCII)
    return None if matches else f"does not match {slot.pattern}"


def _path(slot: Slot, value: str) -> str | None:
    if value.startswith("//") or posixpath.normpath(value) != value:
        return "is not a normalised path (no '..', no '.', no double or trailing '/')"
    if len(value) > 1024:
        return "is longer than 1024 characters"
    if slot.root in {None, "/"}:
        return None
    inside = value == slot.root or value.startswith(f"{slot.root}/")
    return None if inside else f"is not under {slot.root}"


def _url(slot: Slot, value: str) -> str | None:
    return url_fault(value, slot.hosts)


def _row(
    name: str,
    pattern: str,
    words: str,
    *,
    joins: bool = True,
    fault: Callable[[Slot, str], str | None] = _fine,
) -> SlotType:
    return SlotType(name, re.compile(pattern, re.ASCII), words, joins, fault)


_NUMBER = r"0|[1-9][0-9]{0,17}"

TYPES: dict[str, SlotType] = {
    row.name: row
    for row in (
        _row(
            "name",
            r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
            "1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit",
            fault=_no_dots,
        ),
        _row("id", r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", "1 to 64 of A-Z a-z 0-9 _ -"),
        _row("hostname", HOSTNAME, "a host name (RFC 1123)", fault=_length),
        _row("fqdn", FQDN, "a full domain name, e.g. app.example.com", fault=_length),
        _row("ip", r"[0-9A-Fa-f:.]{2,45}", "an IP address", fault=_ip),
        _row(
            "cidr", r"[0-9A-Fa-f:.]{2,45}/[0-9]{1,3}", "a network such as 10.0.0.0/24", fault=_cidr
        ),
        _row("int", _NUMBER, "a whole number", fault=_range),
        _row("port", _NUMBER, "a port number, 1 to 65535", fault=_port),
        _row("size", r"[1-9][0-9]{0,11}(?:[KMGTP](?:i?B)?|B)?", "a size such as 512M or 10GiB"),
        _row("duration", r"[1-9][0-9]{0,8}(?:ms|s|min|m|h|d|w)", "a duration such as 90s or 2h"),
        _row(
            "email",
            r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:" + FQDN + ")",
            "an e-mail address",
            fault=_email,
        ),
        _row(
            "enum", r"[A-Za-z0-9][A-Za-z0-9._:/@%+-]{0,63}", "one of the listed words", fault=_enum
        ),
        _row(
            "pattern",
            r"[A-Za-z0-9._:/][A-Za-z0-9._:/@%+-]{0,255}",
            "what its rule says",
            fault=_pattern,
        ),
        _row(
            "path",
            r"/[A-Za-z0-9._/@+-]*",
            "an absolute path of A-Z a-z 0-9 . _ / @ + -",
            fault=_path,
        ),
        _row(
            "url",
            r"https?://[A-Za-z0-9][A-Za-z0-9./:?&=_~%+,@-]{0,2000}",
            "an http or https address",
            joins=False,
            fault=_url,
        ),
        _row(
            "text",
            r"[ !-,./-~][ -~]{0,999}",
            "1 to 1000 printable ASCII characters in one line",
            joins=False,
        ),
        _row(
            "secret",
            r"secret:[a-z0-9][a-z0-9-]{0,63}",
            "a reference such as secret:cloudflare-token, never the secret itself",
            joins=False,
        ),
    )
}
"""Every type but `list`, whose items are of one of these (`list of TYPE`)."""

LIST = "list"


def known(name: str) -> bool:
    """Whether the table has that type."""
    return name == LIST or name in TYPES


def joins(slot: Slot) -> bool:
    """Whether values of that slot may stand inside a word or a heredoc without an encoder."""
    return slot.type in TYPES and TYPES[slot.type].joins


def check(slot: Slot, value: Value) -> Refusal | None:
    """Type-check one value. A refusal's `rule` is the type (or `range`-like part of it) that refused."""
    if slot.type == LIST:
        return _check_list(slot, value)
    if not isinstance(value, str):
        return Refusal(slot.type, f"{slot.name} takes one value, not a list; give one.", slot.name)
    return _check_one(slot, slot.type, value)


def _check_list(slot: Slot, value: Value) -> Refusal | None:
    if isinstance(value, str) or not 0 < len(value) <= MAX_ITEMS:
        return Refusal(LIST, f"{slot.name} takes a list of 1 to {MAX_ITEMS} values.", slot.name)
    for item in value:
        refusal = _check_one(slot, slot.item or "name", item)
        if refusal is not None:
            return refusal
    return None


def _check_one(slot: Slot, name: str, value: object) -> Refusal | None:
    kind = TYPES.get(name)
    if kind is None:
        return Refusal("type", f"{slot.name} has the unknown type {name}.", slot.name)
    if not isinstance(value, str):
        return Refusal(name, f"{slot.name} takes {kind.words}.", slot.name)
    shown = "that" if name == "secret" else _shown(value)
    if value.startswith("-"):
        return Refusal(
            "option", f"{slot.name}: {shown} starts with '-', which no value may.", slot.name
        )
    if not kind.pattern.fullmatch(value):
        return Refusal(name, f"{slot.name} takes {kind.words}; {shown} is not.", slot.name)
    fault = kind.fault(slot, value)
    if fault is None:
        return None
    return Refusal(name, f"{slot.name} takes {kind.words}; {shown} {fault}.", slot.name)


def _shown(value: str) -> str:
    text = ascii(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
