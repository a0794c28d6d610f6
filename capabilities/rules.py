"""The rule column of a Parameters table. Called by `compile` for every row; a `Slot` flows on.

Clauses are separated by `;`, in any order, values may stand in backticks (a `;` inside them is part of the value):

    from agent            filled by the agent's `vars` alone
    default VALUE         taken when nothing is given
    optional              may be missing (only for `{name?--flag}` and `{name...}`)
    example VALUE         a value with which the section renders
    LOW..HIGH             bounds of an int or port
    under PATH            the root of a path
    one of A, B           the choices of an enum
    hosts A, *.B          the hosts of a url
    matches REGEX         what a pattern must match, whole
    list of TYPE          the type of a list's items (`list of name` may also stand in the type column)
"""

import posixpath
import re
from typing import Any

from msgspec.structs import replace

from bot.model.sections import Refusal, Slot, Value
from capabilities.problems import Broken
from capabilities.types import LIST, TYPES, check, known

NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)
_CLAUSE = re.compile(r"(?:[^;`]|`[^`]*`)+")
_RANGE = re.compile(r"(\d{1,18})\s*\.\.\s*(\d{1,18})", re.ASCII)
_KEYED = re.compile(r"(default|example|under|one of|hosts|matches|list of)\s+(.+)", re.DOTALL)

INFERRED = {
    "ip": "ip",
    "hostname": "hostname",
    "domain": "fqdn",
    "port": "port",
    "id": "id",
    "path": "path",
    "url": "url",
    "email": "email",
}
"""Types of the slots of a page without a Parameters table, by name; anything else is `name`."""


def infer(name: str) -> Slot:
    """The slot of a page that declares none."""
    return Slot(name, INFERRED.get(name, "name"))


def declare(name: str, type_: str, rule: str, description: str, line: int) -> Slot:
    """One row of a Parameters table. Raises Broken naming the row's line."""
    if not NAME.fullmatch(name):
        raise Broken(
            line,
            f"{name!r} is no parameter name.",
            "Use a-z, 0-9, _ and -, at most 32, a letter first.",
        )
    listed = re.fullmatch(r"list of (\w+)", type_)
    kind = LIST if listed else type_
    if not known(kind):
        raise Broken(line, f"There is no type {type_!r}.", f"Types: {', '.join((*TYPES, LIST))}.")
    slot = Slot(name, kind, rule, description, item=listed[1] if listed else None)
    for clause in _CLAUSE.findall(rule):
        slot = _apply(slot, clause.strip(), line)
    slot = replace(slot, required=slot.required and slot.default is None)
    _judge(slot, line)
    return slot


def unquote(text: str) -> str:
    """A value without the backticks around it."""
    stripped = text.strip()
    wrapped = len(stripped) > 1 and stripped[0] == stripped[-1] == "`"
    return stripped[1:-1] if wrapped else stripped


def value_of(slot: Slot, text: str) -> Value:
    """A default or example as a value: the text itself, or its comma-separated parts for a list."""
    if slot.type != LIST:
        return text
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _apply(slot: Slot, clause: str, line: int) -> Slot:
    if not clause or clause == "required":
        return slot
    if clause == "from agent":
        return replace(slot, from_agent=True)
    if clause == "optional":
        return replace(slot, required=False)
    bounds = _RANGE.fullmatch(clause)
    if bounds:
        return replace(slot, minimum=int(bounds[1]), maximum=int(bounds[2]))
    keyed = _KEYED.fullmatch(clause)
    if keyed is None:
        raise Broken(line, f"The rule {clause!r} of {slot.name} is not known.", _CLAUSES)
    return _keyed(slot, keyed[1], unquote(keyed[2]))


_CLAUSES = "Use: from agent; default X; optional; example X; 1..9; under /PATH; one of a, b; hosts a, b; matches REGEX; list of TYPE."


def _keyed(slot: Slot, key: str, text: str) -> Slot:
    words = tuple(unquote(part) for part in text.split(",") if part.strip())
    changes: dict[str, dict[str, Any]] = {
        "default": {"default": text},
        "example": {"example": text},
        "under": {"root": text},
        "one of": {"choices": words},
        "hosts": {"hosts": words},
        "matches": {"pattern": text},
        "list of": {"item": text},
    }
    return replace(slot, **changes[key])


_BELONGS = (
    ("minimum", frozenset({"int", "port"}), "LOW..HIGH"),
    ("root", frozenset({"path"}), "under"),
    ("choices", frozenset({"enum"}), "one of"),
    ("hosts", frozenset({"url"}), "hosts"),
    ("pattern", frozenset({"pattern"}), "matches"),
    ("item", frozenset({LIST}), "list of"),
)


def _judge(slot: Slot, line: int) -> None:
    """A rule must fit its type, be well-formed, and let its own default and example pass."""
    own = slot.item if slot.type == LIST and slot.item else slot.type
    for field, types, clause in _BELONGS:
        if getattr(slot, field) not in {None, ()} and not types & {slot.type, own}:
            raise Broken(
                line,
                f"The rule {clause!r} does not fit {slot.name}, a {slot.type}.",
                "Remove it or change the type.",
            )
    fault = _fault(slot, own)
    if fault:
        raise Broken(line, f"{slot.name}: {fault}", "Mend the rule in the Parameters table.")
    for label, text in (("default", slot.default), ("example", slot.example)):
        refusal = _passes(slot, text)
        if refusal is not None:
            raise Broken(
                line,
                f"The {label} of {slot.name} does not pass: {refusal.why}",
                f"Change the {label} or the rule.",
            )


def _passes(slot: Slot, text: str | None) -> Refusal | None:
    return None if text is None else check(slot, value_of(slot, text))


def _fault(slot: Slot, own: str) -> str | None:
    if own == "enum" and not all(
        TYPES["enum"].pattern.fullmatch(word) for word in slot.choices or ("",)
    ):
        return "an enum needs 'one of a, b' with plain words."
    if own == "pattern":
        return _regex_fault(slot.pattern)
    if slot.type == LIST and (slot.item or "name") not in TYPES:
        return f"a list of {slot.item!r} is not known."
    root = slot.root
    if root is not None and (not root.startswith("/") or posixpath.normpath(root) != root):
        return f"{root!r} is no absolute, normalised root."
    if slot.minimum is not None and slot.maximum is not None and slot.minimum > slot.maximum:
        return f"{slot.minimum}..{slot.maximum} is empty."
    return None


def _regex_fault(pattern: str | None) -> str | None:
    if pattern is None:
        return "a pattern needs 'matches REGEX'."
    if len(pattern) > 1000:
        return "the regular expression has more than 1000 characters."
    try:
        re.compile(pattern, re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        return f"{pattern!r} is no regular expression ({error})."
    return None
