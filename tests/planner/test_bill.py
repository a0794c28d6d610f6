"""What several questions to models cost together."""

import asyncio
from functools import partial

import pytest

from bot.model.errors import PermanentError
from bot.model.llm import Prompt, Reply, Said, Usage
from bot.planner.asking import QUESTIONS, Answered, Bill, corrected, total
from bot.planner.router import Provider
from tests.planner.served import router
from tests.planner.test_router import Nobody, Watch
from tests.servers.scripted_model import ScriptedModel, step


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


async def test_no_more_are_put_side_by_side_either(model: ScriptedModel) -> None:
    """The last two parts of a team ask in the same moment, when one question is left."""
    model.says(step("pack/section"))
    question, bill = Prompt("You pick.", (), (Said("user", "hello"),)), Bill(put=QUESTIONS - 1)
    async with router(Watch(), {"openai": model}) as found:
        ask = partial(corrected, found, Watch(), found.providers[0], question, _read, bill)
        answers = await asyncio.gather(ask(), ask(), return_exceptions=True)
    assert [type(each) for each in answers] == [Answered, PermanentError]
    assert len(model.asked) == 1


def _read(reply: Reply) -> Reply:
    return reply
