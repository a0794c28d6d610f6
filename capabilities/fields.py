"""The bullets of a section: `- Key: text`. Called by `compile`; plain values flow on, each with the line it came from."""

import difflib
import re
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct, field

from bot.model.sections import Return, Risk
from capabilities.parse import Bullet, commas
from capabilities.problems import Broken
from capabilities.rules import unquote
from capabilities.types import TYPES

BODY = (
    "Aliases",
    "Risk",
    "Parameters",
    "Example",
    "Exit",
    "Idempotent",
    "Irreversible",
    "Alerts",
    "Encode",
    "Returns",
)
PREVIEW = ("Compare",)
VERIFY = ("Expect", "Within", "Exit")
ENCODERS = ("json", "yaml", "ini")
_REPEATED = frozenset({"Aliases", "Example", "Alerts", "Returns"})

T = TypeVar("T")


class Fields(Struct):
    """The keyed bullets below one heading, and the prose among them."""

    keyed: dict[str, list[Bullet]] = field(default_factory=dict)
    prose: list[str] = field(default_factory=list)

    def one(self, key: str, read: Callable[[Bullet], T], default: T) -> T:
        """The value of a key that may stand once."""
        bullets = self.keyed.get(key)
        return read(bullets[0]) if bullets else default

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts of a key that may stand often."""
        return tuple(bullet.text for bullet in self.keyed.get(key, ()))

    def words(self, key: str) -> tuple[str, ...]:
        """Their parts between commas."""
        return tuple(word for text in self.texts(key) for word in commas(text))


def collect(bullets: list[Bullet], keys: tuple[str, ...]) -> Fields:
    """Sort bullets by key. A key nearly one of `keys`, or given twice, is Broken; any other bullet is prose."""
    found = Fields()
    for bullet in bullets:
        if bullet.key in keys:
            if bullet.key in found.keyed and bullet.key not in _REPEATED:
                raise Broken(bullet.line, f"{bullet.key!r} stands twice.", "Keep one.")
            found.keyed.setdefault(bullet.key, []).append(bullet)
            continue
        near = (
            difflib.get_close_matches(bullet.key, {*BODY, *PREVIEW, *VERIFY}, 1, 0.8)
            if bullet.key
            else []
        )
        if near:
            raise Broken(bullet.line, f"{bullet.key!r} is not known here.", _where(near[0], keys))
        found.prose.append(f"{bullet.key}: {bullet.text}" if bullet.key else bullet.text)
    return found


def _where(near: str, keys: tuple[str, ...]) -> str:
    if near in keys:
        return f"Did you mean {near!r}?"
    place = "### Verify" if near in VERIFY else "### Preview" if near in PREVIEW else "## How to"
    return f"{near!r} belongs below {place!r}."


def risk(bullet: Bullet) -> Risk:
    """`read`, `low`, `change` or `destroy`."""
    try:
        return Risk(bullet.text.strip().lower())
    except ValueError:
        raise Broken(
            bullet.line, f"There is no risk {bullet.text!r}.", f"Use {', '.join(Risk)}."
        ) from None


def yes(bullet: Bullet) -> bool:
    """`yes` or `no`."""
    if bullet.text not in {"yes", "no"}:
        raise Broken(bullet.line, f"{bullet.key} takes yes or no.", f"Write '- {bullet.key}: yes'.")
    return bullet.text == "yes"


def exits(bullet: Bullet) -> tuple[int, ...]:
    """Good exit codes."""
    parts = commas(bullet.text)
    if not parts or not all(
        re.fullmatch(r"\d{1,3}", part, re.ASCII) and int(part) < 256 for part in parts
    ):
        raise Broken(bullet.line, f"{bullet.text!r} are no exit codes.", "Write '- Exit: 0, 3'.")
    return tuple(int(part) for part in parts)


def expect(bullet: Bullet) -> str | None:
    """A regular expression over the output."""
    return regex(unquote(bullet.text), bullet.line)


def regex(text: str, line: int) -> str:
    """That text, when it is a regular expression of at most 1000 characters."""
    if len(text) > 1000:
        raise Broken(
            line, "The regular expression has more than 1000 characters.", "Make it shorter."
        )
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise Broken(line, f"{text!r} is no regular expression ({error}).", "Mend it.") from None
    return text


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def seconds(bullet: Bullet) -> float:
    """A duration with its unit, in seconds."""
    match = re.fullmatch(r"(\d{1,6})\s*(ms|s|min|m|h)", bullet.text.strip(), re.ASCII)
    if match is None:
        raise Broken(bullet.line, f"{bullet.text!r} is no duration.", "Write '- Within: 10s'.")
    return int(match[1]) * _UNITS[match[2]]


def encoder(bullet: Bullet) -> str | None:
    """`json`, `yaml` or `ini`."""
    if bullet.text not in ENCODERS:
        raise Broken(
            bullet.line, f"There is no encoder {bullet.text!r}.", f"Use {', '.join(ENCODERS)}."
        )
    return bullet.text


def compare(bullet: Bullet) -> str:
    """`exit`, `lines`, `regex …` or `json …`, without backticks."""
    way, _, rest = bullet.text.strip().partition(" ")
    text = unquote(rest)
    if way in {"exit", "lines"} and not text:
        return way
    if way == "regex" and text:
        return f"regex {regex(text, bullet.line)}"
    if way == "json" and text:
        return f"json {json_path(text, bullet.line)}"
    raise Broken(
        bullet.line,
        f"There is no way to compare {bullet.text!r}.",
        "Use exit, lines, regex `…` or json `$.…`.",
    )


def json_path(text: str, line: int) -> str:
    """`$.a.b[0]`, the only JSON paths there are."""
    if not re.fullmatch(r"\$(?:\.[A-Za-z0-9_-]+|\[\d+\])*", text, re.ASCII):
        raise Broken(line, f"{text!r} is no JSON path.", "Write it like `$.result.id`.")
    return text


def returned(text: str, line: int) -> Return:
    """`ip: ip = regex \\`…\\`` or `id: int = json \\`$.id\\``."""
    match = re.fullmatch(
        r"([a-z][a-z0-9_-]*):\s*(\w+)\s*=\s*(regex|json)\s+(.+)", text.strip(), re.DOTALL
    )
    if match is None or match[2] not in TYPES:
        raise Broken(
            line,
            f"{text!r} is no output.",
            "Write '- ip: ip = regex `…`' or '- id: int = json `$.id`'.",
        )
    way = unquote(match[4])
    if match[3] == "json":
        return Return(match[1], match[2], f"json {json_path(way, line)}")
    if re.compile(regex(way, line)).groups < 1:
        raise Broken(line, f"{way!r} has no group.", "Put what is wanted in ( ).")
    return Return(match[1], match[2], f"regex {way}")
