"""Slots in, argv out. The planner renders for the card, the guard renders again before anything runs.

One template word is one argv word, always; nothing is split, quoted or expanded, so there is nothing to escape.
"""

import json
import posixpath
from collections.abc import Iterable, Mapping
from typing import assert_never

from bot.model.plans import Agent
from bot.model.sections import (
    Action,
    Ask,
    Exec,
    ExecTemplate,
    HumanTemplate,
    Piece,
    Refusal,
    Rendered,
    Section,
    Slot,
    Template,
    Value,
    Word,
    Write,
    WriteTemplate,
)
from capabilities import types
from capabilities.addresses import argv_fault
from capabilities.rules import value_of


class _Refused(Exception):
    """Ends a rendering; always caught in `SectionRenderer.render`."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.why)


class SectionRenderer:
    """Implements the `Renderer` port. Without state: the section carries everything."""

    def render(
        self, section: Section, slots: Mapping[str, Value], agent: Agent
    ) -> tuple[dict[str, Value], Rendered] | Refusal:
        """Every slot's final value and every action, or the first refusal."""
        try:
            values = _fill(section, slots, agent)
            rendered = _rendered(section, values)
        except _Refused as refused:
            return refused.refusal
        return values, rendered

    def check(self, section: Section, slot: str, value: Value) -> Refusal | None:
        """Type-check one value that a person or planner gives."""
        declared = section.slot(slot)
        if declared is None:
            return Refusal("unknown slot", f"{section.id} has no slot {slot!r}.", slot)
        if declared.from_agent:
            return _from_agent(declared)
        return types.check(declared, value)


def _from_agent(slot: Slot) -> Refusal:
    return Refusal(
        "from agent", f"{slot.name} comes from the agent's configuration; leave it out.", slot.name
    )


def _fill(section: Section, slots: Mapping[str, Value], agent: Agent) -> dict[str, Value]:
    for name in slots:
        declared = section.slot(name)
        if declared is None:
            raise _Refused(Refusal("unknown slot", f"{section.id} has no slot {name!r}.", name))
        if declared.from_agent:
            raise _Refused(_from_agent(declared))
    values: dict[str, Value] = {}
    for slot in section.slots:
        value = _value(slot, slots, agent)
        if value is None:
            continue
        refusal = types.check(slot, value)
        if refusal is not None:
            raise _Refused(refusal)
        values[slot.name] = value
    return values


def _value(slot: Slot, slots: Mapping[str, Value], agent: Agent) -> Value | None:
    given = agent.vars.get(slot.name) if slot.from_agent else slots.get(slot.name)
    if given is None and slot.default is not None:
        given = slot.default
    if given is None and slot.from_agent:
        mend = f"Add {slot.name} to the vars of agent {agent.name}."
        raise _Refused(Refusal("from agent", f"{slot.name} is not configured. {mend}", slot.name))
    if given is None and slot.required:
        raise _Refused(Refusal("required", f"{slot.name} is missing; give one.", slot.name))
    if given is None or slot.name in slots:
        return given
    return value_of(slot, given) if isinstance(given, str) else given


def _rendered(section: Section, values: Mapping[str, Value]) -> Rendered:
    return Rendered(
        actions=_actions(section.body, section, values),
        preview=_execs(section.preview.body if section.preview else (), section, values),
        verify=_execs(section.verify.body if section.verify else (), section, values),
        rollback=_actions(section.rollback, section, values),
    )


def _execs(
    templates: Iterable[ExecTemplate], section: Section, values: Mapping[str, Value]
) -> tuple[Exec, ...]:
    return tuple(_exec(template, section, values) for template in templates)


def _actions(
    templates: Iterable[Template], section: Section, values: Mapping[str, Value]
) -> tuple[Action, ...]:
    return tuple(_action(template, section, values) for template in templates)


def _action(template: Template, section: Section, values: Mapping[str, Value]) -> Action:
    match template:
        case ExecTemplate():
            return _exec(template, section, values)
        case WriteTemplate():
            return _write(template, section, values)
        case HumanTemplate():
            return Ask("".join(_text(piece, values) for piece in template.text))
        case _:
            assert_never(template)


def _exec(template: ExecTemplate, section: Section, values: Mapping[str, Value]) -> Exec:
    stages = tuple(
        tuple(text for word in stage for text in _words(word, values)) for stage in template.stages
    )
    for stage in stages:
        host = argv_fault(stage)
        if host is not None:
            raise _Refused(
                Refusal("metadata address", f"{host} is a metadata address; name another host.")
            )
    return Exec(stages)


def _words(word: Word, values: Mapping[str, Value]) -> tuple[str, ...]:
    if word.form == "one":
        return ("".join(_text(piece, values) for piece in word.pieces),)
    value = values.get(word.pieces[0].slot or "")
    if value is None:
        return ()
    if word.form == "list":
        return value if isinstance(value, tuple) else (value,)
    text = _text(word.pieces[0], values)
    return (word.flag, text) if word.form == "flag" else (f"{word.flag}={text}",)


def _text(piece: Piece, values: Mapping[str, Value]) -> str:
    if piece.slot is None:
        return piece.text
    value = values.get(piece.slot)
    if isinstance(value, str):
        return value
    raise _Refused(Refusal("required", f"{piece.slot} is missing; give one.", piece.slot))


def _write(template: WriteTemplate, section: Section, values: Mapping[str, Value]) -> Write:
    path = "".join(_words(template.path, values))
    if not path.startswith("/") or path.startswith("//") or posixpath.normpath(path) != path:
        raise _Refused(
            Refusal("path", f"{ascii(path)[:80]} is no absolute, normalised path; mend its parts.")
        )
    return Write(path, "".join(_content(piece, section, values) for piece in template.content))


def _content(piece: Piece, section: Section, values: Mapping[str, Value]) -> str:
    text = _text(piece, values)
    slot = section.slot(piece.slot or "")
    if slot is None or section.encode is None:
        return text
    return encode(section.encode, slot, text)


def encode(way: str, slot: Slot, text: str) -> str:
    """A value as the format writes it: numbers bare, everything else in double quotes (JSON's are YAML's too)."""
    if slot.type in {"int", "port"}:
        return text
    if way == "ini":
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return json.dumps(text)
