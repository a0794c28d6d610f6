"""The pages of the Home tab, made of what the store says: for whom a plan waits, and that they change when it does."""

import asyncio

import pytest
from msgspec.structs import replace

from approvals.people import People
from bot.cases.home import HomePages
from bot.model.approvals import Vote
from bot.model.people import Account, Person
from bot.model.reports import Page
from bot.store import votes
from tests.loops.conftest import ALICE, Scene

BOB, GUEST = Account("slack", "U02BOB"), Account("slack", "U03GUEST")
PEOPLE = People(
    (
        Person("alice", ("operator",), (ALICE,)),
        Person("bob", ("operator",), (BOB, Account("matrix", "@bob:here"))),
        Person("guest", (), (GUEST,)),
    )
)


def waiting(page: Page) -> list[tuple[str, str | None]]:
    return [(line.text, line.message) for line in dict(page.sections)["Waiting for your approval"]]


@pytest.fixture
def pages(scene: Scene) -> HomePages:
    return HomePages(replace(scene.house, people=PEOPLE), "slack")


async def test_a_plan_waits_for_those_whose_vote_would_count(
    scene: Scene, pages: HomePages
) -> None:
    stored = await scene.asks()
    ((text, message),) = waiting(await pages.page(BOB))
    assert (stored.plan.id[-4:] in text, message) == (True, None)  # not posted yet
    await scene.deliver()
    ((_, message),) = waiting(await pages.page(BOB))
    assert message is not None
    assert message.startswith("ref")
    assert waiting(await pages.page(GUEST)) == [("Nothing waits for your approval.", None)]


async def test_who_has_voted_is_not_asked_again(scene: Scene, pages: HomePages) -> None:
    stored = await scene.asks()
    vote = Vote("bob", BOB, stored.digest, "approve", scene.clock.now(), "reaction")
    await scene.write(lambda c: votes.cast(c, stored.plan.id, vote))
    assert "Nothing waits" in waiting(await pages.page(BOB))[0][0]
    assert stored.plan.id[-4:] in waiting(await pages.page(ALICE))[0][0]


async def test_a_stranger_sees_how_to_be_added_and_nothing_else(
    scene: Scene, pages: HomePages
) -> None:
    await scene.asks()
    page = await pages.page(Account("slack", "U09MALLORY"))
    ((heading, (line,)),) = page.sections
    assert heading == ""
    assert 'slack = "U09MALLORY"' in line.text


async def test_a_change_is_told(scene: Scene, pages: HomePages) -> None:
    stored = await scene.asks()
    await asyncio.wait_for(pages.changed(), 10)
    before = await pages.page(BOB)
    told = asyncio.ensure_future(pages.changed())
    await asyncio.sleep(0)
    assert not told.done()
    await scene.decide(stored)
    await asyncio.wait_for(told, 10)
    assert await pages.page(BOB) != before
