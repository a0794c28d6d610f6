"""Outputs of earlier steps in the places of slots. Called by `render` for every open word, by `bot.cases.compose` for what a planner
wants, and by `filling` when the values are known.

`FITS` is the published table of which type may become which. It is about plans that can never work; the value itself meets the
slot's own type and whole rule when it comes.
"""

import json
from collections.abc import Callable, Iterable, Mapping

from bot.model.sections import (
    Action,
    Ask,
    Exec,
    Glance,
    OpenAsk,
    OpenExec,
    OpenText,
    OpenWrite,
    Output,
    Planned,
    Refusal,
    Return,
    Section,
    Slot,
    Write,
)
from capabilities.types import LIST

_WORDS = frozenset({"name", "id", "int", "port"})
_PLACES = frozenset({"hostname", "fqdn", "ip", "cidr"})
_AMOUNTS = frozenset({"size", "duration"})

FITS: Mapping[str, frozenset[str]] = {
    "name": _WORDS,
    "id": frozenset({"id", "int", "port"}),
    "hostname": frozenset({"hostname", "fqdn"}),
    "fqdn": frozenset({"fqdn"}),
    "ip": frozenset({"ip"}),
    "cidr": frozenset({"cidr"}),
    "int": frozenset({"int", "port"}),
    "port": frozenset({"int", "port"}),
    "size": frozenset({"size", "int"}),
    "duration": frozenset({"duration"}),
    "email": frozenset({"email"}),
    "enum": _WORDS | {"enum"},
    "pattern": _WORDS | _PLACES | _AMOUNTS | {"email", "enum", "pattern"},
    "path": frozenset({"path"}),
    "url": frozenset({"url"}),
    "text": _WORDS | _PLACES | _AMOUNTS | {"email", "enum", "pattern", "path", "url", "text"},
    "secret": frozenset(),
    LIST: frozenset(),
}
"""Type of a slot → types of the outputs that may fill it. Nothing that a machine says names a secret or makes several words."""


def node(section: Section, slot: str, step: str, returned: Return) -> Output | Refusal:
    """The output of `step` in that slot of a section, with what its value must pass; or why it can never be there."""
    declared = section.slot(slot)
    if declared is None:
        return Refusal("unknown slot", f"{section.id} has no slot {slot!r}.", slot)
    if returned.type in FITS[declared.type]:
        return Output(step, returned.name, declared.type, declared.rule)
    if declared.type in {LIST, "secret"}:
        why = f"{slot} is a {declared.type}: no step may fill it; give a value."
        return Refusal("output", why, slot)
    fitting = ", ".join(sorted(FITS[declared.type]))
    why = f"{slot} takes {declared.type}, and {returned.name} of the earlier step is {returned.type}; it may be {fitting}."
    return Refusal("output", why, slot)


def misfit(slot: Slot, output: Output) -> Refusal | None:
    """Why that output may not stand in the slot; its own type and rule must be the slot's."""
    if FITS[slot.type] and (output.type, output.rule) == (slot.type, slot.rule):
        return None
    why = f"{slot.name}, a {slot.type}, is not filled by {output.name} of another step."
    return Refusal("output", why, slot.name)


def joined(parts: Iterable[str | Output]) -> str | OpenText:
    """One text; open where an output is among its parts."""
    merged: list[str | Output] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    whole = [part for part in merged if isinstance(part, str)]
    return "".join(whole) if whole == merged else OpenText(tuple(merged))


Fill = Callable[[Output], str]


def closed(planned: Planned, fill: Fill, content: Fill | None = None) -> Action:
    """The action with a text in place of every output; `content` makes those of a written file, where they are encoded."""
    match planned:
        case OpenExec():
            return looking(planned, fill)
        case OpenWrite(path, text):
            return Write(_closed(path, fill), _closed(text, content or fill))
        case OpenAsk(text):
            return Ask(_closed(text, fill))
        case _:
            return planned


def looking(planned: Glance, fill: Fill) -> Exec:
    """The same for a command that only looks."""
    if isinstance(planned, Exec):
        return planned
    return Exec(tuple(tuple(_closed(word, fill) for word in stage) for stage in planned.stages))


def _closed(text: str | OpenText, fill: Fill) -> str:
    if isinstance(text, str):
        return text
    return "".join(part if isinstance(part, str) else fill(part) for part in text.parts)


def encode(way: str, type_: str, text: str) -> str:
    """A value as the format writes it: numbers bare, everything else in double quotes (JSON's are YAML's too)."""
    if type_ in {"int", "port"}:
        return text
    if way == "ini":
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return json.dumps(text)
