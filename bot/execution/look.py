"""Previews: what is there now, and whether it is still what was approved. Called by the runner before approval and before the run."""

import difflib
import json
import re
from collections.abc import Sequence
from typing import Any

from bot.execution.output import told, told_apart
from bot.model.ports import Outputs, Redactor
from bot.model.runs import Outcome
from bot.model.sections import Preview

SHOWN_CHANGES = 3
MOST = 10_000
"""Matches that are compared."""


def text_of(outcomes: Sequence[Outcome], redactor: Redactor) -> str:
    """What a Preview showed, for people."""
    return "".join(told(outcome, redactor) or _fault(outcome) for outcome in outcomes)


async def text_apart(outcomes: Sequence[Outcome], redactor: Redactor) -> str:
    """As `text_of`, holding nobody up."""
    texts = [await told_apart(outcome, redactor) or _fault(outcome) for outcome in outcomes]
    return "".join(texts)


def _fault(outcome: Outcome) -> str:
    return f"{outcome.words}\n" if outcome.words else ""


async def compared(
    preview: Preview, outcomes: Sequence[Outcome], text: str, outputs: Outputs
) -> str | None:
    """The part that must still be equal when the run begins; None when nothing is compared. Raises TemporaryError where that
    cannot be found out."""
    way, _, rest = preview.compare.strip().partition(" ")
    match way:
        case "exit":
            return " ".join(_exit(outcome) for outcome in outcomes)
        case "lines":
            return "\n".join(line.rstrip() for line in text.splitlines())
        case "regex":
            found = await outputs.search(_bare(rest), text.encode(), lines=True, most=MOST)
            return "\n".join(found)
        case "json":
            return _json(text, _bare(rest))
        case _:
            return None


def _bare(written: str) -> str:
    """The expression without the backticks that Markdown puts around it."""
    return written.strip().strip("`")


def _exit(outcome: Outcome) -> str:
    return str(outcome.exit) if outcome.exit is not None else outcome.fault


def _json(text: str, path: str) -> str:
    """The value at `$.a.b[0]`, in canonical form; what is not there is `null`, and so is what is no JSON."""
    try:
        value: Any = json.loads(text)
    except ValueError:
        value = None
    for name, number in re.findall(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]", path):
        value = _below(value, name, number)
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _below(value: Any, name: str, number: str) -> Any:
    if name and isinstance(value, dict):
        return value.get(name)
    if number and isinstance(value, list) and int(number) < len(value):
        return value[int(number)]
    return None


def changes(before: str, after: str) -> str:
    """What is there now and was not, and the other way round: `+ shop.example.org, - blog`."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    found = [line for line in lines if line[:2] in {"+ ", "- "}]
    more = len(found) - SHOWN_CHANGES
    return ", ".join(found[:SHOWN_CHANGES]) + (f" and {more} more" if more > 0 else "")
