"""Outcomes summed up: over all, over each tag, over each half. Called by `parley eval`; pure."""

import hashlib
from collections.abc import Sequence
from math import ceil

from msgspec import Struct

from bot.evaluation.ask import Outcome, Verdict
from bot.evaluation.requests import Case

DEVELOPED, HELD_OUT = "developed", "held out"
"""The halves of a file. A planner is improved with the first one only, so that the second one says what it is worth."""


class Score(Struct, frozen=True):
    """Counts over some outcomes. `plans` are the requests of which a plan is expected, `negatives` the others; of these
    `refusals` and `questions` came to nothing that runs, `exact` to what was expected. Times are in seconds; `dollars` is None
    where a price is not known."""

    requests: int
    plans: int
    right: int
    asked: int
    refused: int
    wrong: int
    broken: int
    negatives: int
    refusals: int
    questions: int
    exact: int
    tokens_in: int
    tokens_out: int
    dollars: float | None
    p50: float
    p95: float

    @property
    def accuracy(self) -> float:
        """The part of the expected plans that came out right, between 0 and 1; those that could not be asked apart."""
        return self.right / self.plans if self.plans else 1.0


class Table(Struct, frozen=True):
    """Every group of outcomes with its score, `all` first."""

    groups: tuple[tuple[str, Score], ...]

    @property
    def all(self) -> Score:
        return self.groups[0][1]


def half(case: Case) -> str:
    """Where a request belongs, for ever: by its words alone."""
    return HELD_OUT if hashlib.sha256(case.text.encode()).digest()[0] % 2 else DEVELOPED


def table(outcomes: Sequence[Outcome]) -> Table:
    """Scores over all, each half, and each value of each tag."""
    groups: dict[str, list[Outcome]] = {"all": list(outcomes), DEVELOPED: [], HELD_OUT: []}
    tags = sorted({tag for outcome in outcomes for tag in outcome.case.tags})
    for outcome in outcomes:
        groups[half(outcome.case)].append(outcome)
    for tag in tags:
        values = sorted({each.case.tags[tag] for each in outcomes if tag in each.case.tags})
        for value in values:
            groups[f"{tag} {value}"] = [
                each for each in outcomes if each.case.tags.get(tag) == value
            ]
    return Table(tuple((name, score(found)) for name, found in groups.items() if found))


def score(outcomes: Sequence[Outcome]) -> Score:
    """The counts over these."""
    answered = [each for each in outcomes if each.verdict != "broken"]
    plans = [each for each in answered if each.case.expect == "plan"]
    negatives = [each for each in answered if each.case.expect != "plan"]
    times = sorted(each.seconds for each in answered)
    prices = [each.usage.dollars for each in outcomes]
    return Score(
        len(outcomes),
        len(plans),
        _count(plans, "right"),
        _count(plans, "asked"),
        _count(plans, "refused"),
        _count(answered, "wrong"),
        len(outcomes) - len(answered),
        len(negatives),
        sum(each.came == "refused" for each in negatives),
        sum(each.came == "question" for each in negatives),
        sum(each.exact for each in negatives),
        sum(each.usage.fresh + each.usage.kept for each in outcomes),
        sum(each.usage.written for each in outcomes),
        None if None in prices else sum(filter(None, prices)),
        _rank(times, 0.5),
        _rank(times, 0.95),
    )


def _count(outcomes: Sequence[Outcome], verdict: Verdict) -> int:
    return sum(each.verdict == verdict for each in outcomes)


def _rank(times: Sequence[float], part: float) -> float:
    return times[max(0, ceil(len(times) * part) - 1)] if times else 0.0
