"""The sums."""

from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation.ask import Outcome
from bot.evaluation.requests import Case
from bot.evaluation.score import DEVELOPED, HELD_OUT, half, score, table
from bot.evaluation.words import lines, summary
from bot.model.llm import Usage


def outcome(verdict, expect="plan", came="plan", *, text="x", seconds=0.0, usage=Usage(), **tags):  # noqa: B008 - frozen
    case = Case(text, expect, tags=tags)
    return Outcome(case, verdict, came, seconds=seconds, usage=usage)


SOME = [
    outcome("right", style="plain", text="a"),
    outcome("right", style="terse", text="b"),
    outcome("asked", came="question", style="terse", text="c"),
    outcome("refused", came="refused", text="d"),
    outcome("wrong", text="e"),
    outcome("right", "refused", "refused", text="f"),
    outcome("right", "question", "question", text="g"),
    outcome("wrong", "refused", text="h"),
    outcome("broken", came="broken", text="i"),
]


def test_counts():
    found = score(SOME)
    assert (found.requests, found.plans, found.right, found.asked, found.refused) == (9, 5, 2, 1, 1)
    assert (found.wrong, found.broken) == (2, 1)
    assert (found.negatives, found.refusals, found.questions) == (3, 1, 1)
    assert found.accuracy == 2 / 5


def test_groups():
    groups = dict(table(SOME).groups)
    assert next(iter(groups)) == "all"
    assert groups["style terse"].requests == 2
    assert groups["style terse"].accuracy == 1 / 2
    assert groups[DEVELOPED].requests + groups[HELD_OUT].requests == len(SOME)


def test_time_is_that_of_those_who_answered():
    some = [outcome("right", seconds=second) for second in range(1, 101)]
    found = score([*some, outcome("broken", came="broken", seconds=9999)])
    assert (found.p50, found.p95) == (50, 95)
    assert (score([]).p50, score([]).accuracy) == (0.0, 1.0)


def test_what_it_cost():
    one, two = outcome("right", usage=Usage(10, 5, 2, 0.5)), outcome("broken", usage=Usage(1, 0, 1))
    found = score([one, two])
    assert (found.tokens_in, found.tokens_out, found.dollars) == (16, 3, 0.5)
    unknown = score([one, outcome("right", usage=Usage(1, 0, 0, None))])
    assert unknown.dollars is None
    assert "an unknown price" in "\n".join(
        lines("x", table([outcome("right", usage=Usage(dollars=None))]))
    )


def test_lines_for_people():
    said = "\n".join(lines("claude", table(SOME)))
    assert said.startswith("claude")
    assert "WRONG: 2." in said
    assert "1 could not be asked" in said
    assert "could not be asked" not in "\n".join(lines("claude", table(SOME[:3])))


def test_an_object_for_machines():
    said = summary("claude", table(SOME))
    assert said["planner"] == "claude"
    assert said["summary"]["all"]["negatives"] == {
        "requests": 3,
        "refused": 1,
        "asked": 1,
        "exact": 0,
    }


def test_halves_stay_for_ever():
    assert [half(Case(text, "plan")) for text in ("disk web2", "memory db1", "uptime web2")] == [
        HELD_OUT,
        DEVELOPED,
        HELD_OUT,
    ]


@given(st.lists(st.sampled_from(SOME)))
def test_every_outcome_is_counted_once(some):
    found = score(some)
    assert found.plans + found.negatives + found.broken == found.requests == len(some)
    wrong_plans = found.plans - found.right - found.asked - found.refused
    wrong_negatives = found.negatives - found.refusals - found.questions
    assert wrong_plans + wrong_negatives == found.wrong
