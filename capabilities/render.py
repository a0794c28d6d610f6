"""Slots in, argv out. The planner renders for the card, the guard renders again before anything runs.

One template word is one argv word, always; nothing is split, quoted or expanded, so there is nothing to escape.
"""

import posixpath
from collections.abc import Iterable, Mapping
from typing import assert_never

from bot.model.plans import Agent
from bot.model.sections import (
    Ask,
    Exec,
    ExecTemplate,
    Glance,
    HumanTemplate,
    OpenAsk,
    OpenExec,
    OpenText,
    OpenWrite,
    Output,
    Piece,
    Planned,
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
from capabilities.outputs import encode, joined, misfit
from capabilities.rules import value_of

Given = Value | Output


class _Refused(Exception):
    """Ends a rendering; always caught in `SectionRenderer.render`."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.why)


class SectionRenderer:
    """Implements the `Renderer` port. Without state: the section carries everything."""

    def render(
        self,
        section: Section,
        slots: Mapping[str, Value],
        agent: Agent,
        outputs: Mapping[str, Output] | None = None,
    ) -> tuple[dict[str, Value], Rendered] | Refusal:
        """Every slot's final value and every action, or the first refusal."""
        opened = outputs or {}
        try:
            values = _fill(section, slots, agent, opened)
            rendered = _rendered(section, {**values, **opened})
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


def _fill(
    section: Section,
    slots: Mapping[str, Value],
    agent: Agent,
    outputs: Mapping[str, Output],
) -> dict[str, Value]:
    for name in (*slots, *outputs):
        declared = section.slot(name)
        if declared is None:
            raise _Refused(Refusal("unknown slot", f"{section.id} has no slot {name!r}.", name))
        if declared.from_agent:
            raise _Refused(_from_agent(declared))
        _known_later(declared, slots, outputs)
    values: dict[str, Value] = {}
    for slot in section.slots:
        value = None if slot.name in outputs else _value(slot, slots, agent)
        if value is None:
            continue
        refusal = types.check(slot, value)
        if refusal is not None:
            raise _Refused(refusal)
        values[slot.name] = value
    return values


def _known_later(slot: Slot, slots: Mapping[str, Value], outputs: Mapping[str, Output]) -> None:
    refusal = misfit(slot, outputs[slot.name]) if slot.name in outputs else None
    if refusal is None and slot.name in slots and slot.name in outputs:
        refusal = Refusal("output", f"{slot.name} has a value and an output; keep one.", slot.name)
    if refusal is not None:
        raise _Refused(refusal)


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


def _rendered(section: Section, values: Mapping[str, Given]) -> Rendered:
    return Rendered(
        actions=_actions(section.body, section, values),
        preview=_execs(section.preview.body if section.preview else (), values),
        verify=_execs(section.verify.body if section.verify else (), values),
        rollback=_actions(section.rollback, section, values),
    )


def _execs(templates: Iterable[ExecTemplate], values: Mapping[str, Given]) -> tuple[Glance, ...]:
    return tuple(_exec(template, values) for template in templates)


def _actions(
    templates: Iterable[Template], section: Section, values: Mapping[str, Given]
) -> tuple[Planned, ...]:
    return tuple(_action(template, section, values) for template in templates)


def _action(template: Template, section: Section, values: Mapping[str, Given]) -> Planned:
    match template:
        case ExecTemplate():
            return _exec(template, values)
        case WriteTemplate():
            return _write(template, section, values)
        case HumanTemplate():
            text = joined(_part(piece, values) for piece in template.text)
            return Ask(text) if isinstance(text, str) else OpenAsk(text)
        case _:
            assert_never(template)


def _exec(template: ExecTemplate, values: Mapping[str, Given]) -> Glance:
    stages = tuple(
        tuple(text for word in stage for text in _words(word, values)) for stage in template.stages
    )
    for stage in stages:
        host = argv_fault([word for word in stage if isinstance(word, str)])
        if host is not None:
            raise _Refused(
                Refusal("metadata address", f"{host} is a metadata address; name another host.")
            )
    whole = tuple(tuple(word for word in stage if isinstance(word, str)) for stage in stages)
    return Exec(whole) if whole == stages else OpenExec(stages)


def _words(word: Word, values: Mapping[str, Given]) -> tuple[str | OpenText, ...]:
    if word.form == "one":
        return (joined(_part(piece, values) for piece in word.pieces),)
    value = values.get(word.pieces[0].slot or "")
    if value is None:
        return ()
    if word.form == "list":
        return value if isinstance(value, tuple) else (joined((value,)),)
    part = _part(word.pieces[0], values)
    if word.form == "flag":
        return (word.flag, joined((part,)))
    return (joined((f"{word.flag}=", part)),)


def _part(piece: Piece, values: Mapping[str, Given]) -> str | Output:
    if piece.slot is None:
        return piece.text
    value = values.get(piece.slot)
    if isinstance(value, str | Output):
        return value
    raise _Refused(Refusal("required", f"{piece.slot} is missing; give one.", piece.slot))


def _write(
    template: WriteTemplate, section: Section, values: Mapping[str, Given]
) -> Write | OpenWrite:
    (path,) = _words(template.path, values)
    if isinstance(path, str) and not _is_plain(path):
        raise _Refused(
            Refusal("path", f"{ascii(path)[:80]} is no absolute, normalised path; mend its parts.")
        )
    content = joined(_content(piece, section, values) for piece in template.content)
    if isinstance(path, str) and isinstance(content, str):
        return Write(path, content)
    return OpenWrite(path, content)


def _is_plain(path: str) -> bool:
    """Whether it is absolute and normalised."""
    return path.startswith("/") and not path.startswith("//") and posixpath.normpath(path) == path


def _content(piece: Piece, section: Section, values: Mapping[str, Given]) -> str | Output:
    part = _part(piece, values)
    slot = section.slot(piece.slot or "")
    if slot is None or section.encode is None or isinstance(part, Output):
        return part
    return encode(section.encode, slot.type, part)
