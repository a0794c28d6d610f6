"""What several questions to models cost together."""

import pytest

from bot.model.llm import Reply, Usage
from bot.planner.asking import Bill, total
from bot.planner.router import Provider
from tests.planner.test_router import Nobody


@pytest.mark.parametrize(
    ("prices", "sum"),
    [((3.0, 1.5), 4.5), ((3.0, None), 3.0), ((None, 0.0), 0.0), ((None, None), None), ((), None)],
)
def test_what_is_known_counts(prices: tuple[float | None, ...], sum: float | None) -> None:
    """Else one answer without a price would make a whole day of questions free."""
    assert total([Usage(10, 1, 2, each) for each in prices]).dollars == sum


def test_a_bill_of_unpriced_answers_has_no_price_until_one_has() -> None:
    bill, provider = Bill(), Provider("openai", Nobody())
    for dollars, known in ((None, None), (0.5, 0.5), (None, 0.5)):
        bill.add(provider, Reply("", (), "picked", Usage(10, 0, 1, dollars)), 2.0)
        assert bill.thought.usage.dollars == known
    assert (bill.thought.questions, bill.thought.seconds, bill.thought.usage.fresh) == (3, 6.0, 30)
