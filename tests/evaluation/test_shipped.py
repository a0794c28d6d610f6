"""The requests that come with the bot, and what the planner without a model makes of them: the figures that are promised."""

import asyncio
import json
from collections import Counter

import pytest

from bot.clock import SystemClock
from bot.evaluation.ask import Asking
from bot.evaluation.requests import Reader, shipped
from bot.evaluation.score import HELD_OUT, table
from bot.planner.offline import OfflinePlanner
from capabilities.library import Library
from capabilities.render import SectionRenderer

LIBRARY = Library()
RENDERER = SectionRenderer()
REQUESTS = Reader(LIBRARY, RENDERER, ()).read(shipped())
PLANS = [case for case in REQUESTS.cases if case.expect == "plan"]
NEGATIVES = [case for case in REQUESTS.cases if case.expect != "plan"]


@pytest.fixture(scope="module")
def outcomes():
    asking = Asking(OfflinePlanner(LIBRARY, RENDERER), LIBRARY, RENDERER, SystemClock())

    async def all_of_them():
        return [outcome async for outcome in asking.all(REQUESTS)]

    return asyncio.run(all_of_them())


def test_nothing_wrong_is_ever_planned(outcomes):
    assert [outcome.case.text for outcome in outcomes if outcome.verdict == "wrong"] == []


def test_nine_of_ten_are_understood(outcomes):
    assert table(outcomes).all.accuracy >= 0.9


def test_those_it_was_not_improved_with_are_understood_nearly_as_well(outcomes):
    assert dict(table(outcomes).groups)[HELD_OUT].accuracy >= 0.85


def test_no_model_is_asked(outcomes):
    total = table(outcomes).all
    assert (total.tokens_in, total.tokens_out, total.dollars, total.broken) == (0, 0, 0.0, 0)


def test_there_are_enough_of_every_kind():
    assert len(REQUESTS.cases) >= 170
    assert len(NEGATIVES) >= 35
    texts = [case.text for case in REQUESTS.cases]
    assert len(set(texts)) == len(texts)


def test_every_section_is_asked_for_many_times():
    counts = Counter(case.steps[0].capability for case in PLANS)
    assert set(counts) == {section.id for section in LIBRARY.sections()}
    assert min(counts.values()) >= 5


def test_half_of_them_are_not_in_plain_english():
    plain = [case for case in REQUESTS.cases if case.tags == {"style": "plain", "language": "en"}]
    assert len(plain) * 2 <= len(REQUESTS.cases)
    assert {case.tags["language"] for case in REQUESTS.cases} == {"en", "de", "es"}


def test_every_line_is_one_object_as_it_was_written():
    for line in shipped().read_text(encoding="utf8").splitlines():
        assert json.dumps(json.loads(line), ensure_ascii=False) == line
