"""What steps put out becomes what later steps use. Implements the `Outputs` port; called by `bot.execution` when an action is done
and when a step that needs its output begins.

A value comes from a machine: it is of the declared type or it is none, and it enters a step only where the approved template has
a node for it. Everything around the node stays as approved, byte for byte; the guard says so.
"""

import asyncio
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from bot.model.errors import TemporaryError
from bot.model.plans import Step
from bot.model.ports import Guard
from bot.model.runs import Returned
from bot.model.sections import Output, Refusal, Return, Section, Slot
from capabilities import types
from capabilities.outputs import closed, encode, looking

PATIENCE = 10.0
"""Seconds for the expressions of one action, the start of their process included."""
_MATCHING = Path(__file__).with_name("matching.py")
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]")

Known = Mapping[tuple[str, str], str]


class StepOutputs:
    """Without state; `guard` looks at every step that is filled."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def read(self, section: Section, said: bytes) -> tuple[Returned, ...]:
        """What stands there, in the order of `Returns`; what is not there is left out."""
        ways = [each.way.partition(" ") for each in section.returns]
        try:
            regex = [rest for way, _, rest in ways if way == "regex"]
            matched = await _matched(regex, said, lines=True, most=1)
        except OSError:  # TimeoutError is one; and no process may be had
            why = "its expression took too long, or could not be tried"
            return tuple(Returned(each.name, each.type, fault=why) for each in section.returns)
        document = _document(said) if any(way == "json" for way, _, _ in ways) else None
        texts = (each[0] if each else None for each in matched)
        found = [next(texts) if way == "regex" else _at(document, rest) for way, _, rest in ways]
        return tuple(
            _typed(declared, text)
            for declared, text in zip(section.returns, found, strict=True)
            if text is not None
        )

    async def search(self, expression: str, said: bytes, *, lines: bool, most: int) -> list[str]:
        """As the port says."""
        try:
            (found,) = await _matched([expression], said, lines=lines, most=most)
        except OSError as error:
            what = "An expression of the page took too long, or could not be tried."
            raise TemporaryError(what, "Write a simpler one.") from error
        return [each or "" for each in found]

    def fill(self, step: Step, values: Known) -> Step | Refusal:
        """The refusal names the slot."""
        chosen: dict[str, str] = {}
        for name, output in step.outputs.items():
            value, slot = values.get((output.step, output.name)), step.section.slot(name)
            if value is None or slot is None:
                why = f"Step {output.step} has put out no {output.name} for {name}."
                return Refusal("output", why, name)
            refusal = types.check(slot, value)
            if refusal is not None:
                return refusal
            chosen[name] = value
        filled = _filled(step, chosen, values)
        return self._guard.check(filled) or filled


def _filled(step: Step, chosen: Mapping[str, str], values: Known) -> Step:
    def fill(output: Output) -> str:
        return values[output.step, output.name]

    def content(output: Output) -> str:
        way = step.section.encode
        return fill(output) if way is None else encode(way, output.type, fill(output))

    return replace(
        step,
        slots={**step.slots, **chosen},
        outputs={},
        actions=tuple(closed(each, fill, content) for each in step.actions),
        preview=tuple(looking(each, fill) for each in step.preview),
        verify=tuple(looking(each, fill) for each in step.verify),
        rollback=tuple(closed(each, fill, content) for each in step.rollback),
    )


def _typed(declared: Return, text: str) -> Returned:
    """An output has a type and no rule: an `enum` or `pattern` is of their alphabet, and the slot says which it must be.
    What is of another type is not quoted: half a secret would not be known as one."""
    slot = Slot(declared.name, declared.type, choices=(text,), pattern=".+")
    if types.check(slot, text) is None:
        return Returned(declared.name, declared.type, text)
    return Returned(declared.name, declared.type, fault=f"what it said is no {declared.type}")


async def _matched(
    expressions: Sequence[str], said: bytes, *, lines: bool, most: int
) -> list[list[str | None]]:
    """What `matching` finds of each. Raises OSError, as TimeoutError also where the kernel ended the search."""
    if not expressions:
        return []
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", str(_MATCHING)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    asked = json.dumps({"expressions": expressions, "lines": lines, "most": most}).encode()
    try:
        async with asyncio.timeout(PATIENCE):
            told, _ = await process.communicate(asked + b"\n" + said)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise TimeoutError
    found: list[list[str | None]] = json.loads(told)
    return found


def _document(said: bytes) -> Any:
    try:
        return json.loads(said)
    except (ValueError, RecursionError):
        return None


def _at(document: Any, path: str) -> str | None:
    """The text or number at `$.a.b[0]`; anything else is no value."""
    for name, number in _STEP.findall(path):
        if name and isinstance(document, dict):
            document = document.get(name)
        elif number and isinstance(document, list) and int(number) < len(document):
            document = document[int(number)]
        else:
            return None
    if isinstance(document, str):
        return document
    return str(document) if isinstance(document, int) and not isinstance(document, bool) else None
