"""Outcomes and scores as lines for people and objects for machines. Called by `parley eval`."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from bot.evaluation.ask import Outcome
from bot.evaluation.requests import Step
from bot.evaluation.score import Score, Table, half

_HEADS = ("", "asked for", "plans", "right", "asks", "refuses", "WRONG", "broken", "accuracy", "harmless")  # fmt: skip


def lines(planner: str, table: Table) -> Iterator[str]:
    """The table of one planner's scores, and below it what all of it cost."""
    rows = [(planner, *_HEADS[1:]), *(_row(name, score) for name, score in table.groups)]
    wide = [max(len(row[place]) for row in rows) for place in range(len(_HEADS))]
    for row in rows:
        first, *others = row
        cells = (cell.rjust(width) for cell, width in zip(others, wide[1:], strict=True))
        yield "  ".join((first.ljust(wide[0]), *cells)).rstrip()
    yield from _sums(table.all)


def _row(name: str, score: Score) -> tuple[str, ...]:
    harmless = score.refusals + score.questions
    return (
        name,
        str(score.requests),
        str(score.plans),
        str(score.right),
        str(score.asked),
        str(score.refused),
        str(score.wrong),
        str(score.broken),
        f"{score.accuracy:.1%}" if score.plans else "-",
        f"{harmless}/{score.negatives}" if score.negatives else "-",
    )


def _sums(score: Score) -> Iterator[str]:
    yield ""
    yield (
        f"Of {score.plans} plans expected {score.right} are right ({score.accuracy:.1%}); {score.asked} were asked about, "
        f"{score.refused} refused. WRONG: {score.wrong}."
    )
    yield (
        f"Of {score.negatives} that must not become a plan {score.refusals} were refused and {score.questions} asked about; "
        f"{score.exact} came to exactly what is expected."
    )
    dollars = "an unknown price" if score.dollars is None else f"${score.dollars:.4f}"
    yield (
        f"{score.tokens_in} tokens in, {score.tokens_out} out, {dollars}; "
        f"p50 {score.p50 * 1000:.1f} ms, p95 {score.p95 * 1000:.1f} ms."
    )
    if score.broken:
        yield f"{score.broken} could not be asked: errors of the provider, not of the model."


def line(outcome: Outcome) -> str:
    """One case that did not come out right."""
    mark = "WRONG" if outcome.verdict == "wrong" else outcome.verdict
    came = _steps(outcome.steps) or f"{outcome.about}: {outcome.words}".removeprefix(": ")
    wanted = _steps(outcome.case.steps) or outcome.case.expect
    return (
        f"{mark:<8} line {outcome.case.line}: {outcome.case.text}\n"
        f"         expected {wanted}\n         came to  {came}"
    )


def _steps(steps: Sequence[Step]) -> str:
    return "; ".join(f"{step.agent} {step.capability} {_slots(step)}".rstrip() for step in steps)


def _slots(step: Step) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(step.slots.items()))


def object_of(outcome: Outcome) -> dict[str, Any]:
    """One case, for `--json`."""
    return {
        "line": outcome.case.line,
        "text": outcome.case.text,
        "half": half(outcome.case),
        **({"tags": dict(outcome.case.tags)} if outcome.case.tags else {}),
        "expect": outcome.case.expect,
        "verdict": outcome.verdict,
        "came": outcome.came,
        "about": outcome.about,
        "words": outcome.words,
        "steps": [_object(step) for step in outcome.steps],
        "ms": round(outcome.seconds * 1000, 3),
        "tokens": {
            "in": outcome.usage.fresh + outcome.usage.kept,
            "out": outcome.usage.written,
        },
        "dollars": outcome.usage.dollars,
    }


def _object(step: Step) -> dict[str, Any]:
    return {"agent": step.agent, "capability": step.capability, "slots": dict(step.slots)}


def summary(planner: str, table: Table) -> dict[str, Any]:
    """The last line of `--json`."""
    return {"planner": planner, "summary": {name: _figures(score) for name, score in table.groups}}


def _figures(score: Score) -> dict[str, Any]:
    return {
        "requests": score.requests,
        "plans": score.plans,
        "right": score.right,
        "asked": score.asked,
        "refused": score.refused,
        "wrong": score.wrong,
        "broken": score.broken,
        "accuracy": round(score.accuracy, 4),
        "negatives": {
            "requests": score.negatives,
            "refused": score.refusals,
            "asked": score.questions,
            "exact": score.exact,
        },
        "tokens": {"in": score.tokens_in, "out": score.tokens_out},
        "dollars": score.dollars,
        "ms": {"p50": round(score.p50 * 1000, 3), "p95": round(score.p95 * 1000, 3)},
    }


def text_of(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
