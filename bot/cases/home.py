"""`ports.Home`: a person's own page, made of what the store says now. Made by `bot.app` for each chat that has a place for it."""

from collections.abc import Iterator

from sqlalchemy import Connection

from approvals import counting, gate
from bot.cases.card import cards
from bot.cases.views import view
from bot.house import House
from bot.model.people import Account, Person
from bot.model.plans import State
from bot.model.reports import Page
from bot.model.sections import Refusal
from bot.report import home
from bot.store import plans, votes
from bot.store.plan_rows import Stored

LOOK = 60.0
"""Seconds after which a page is looked at without being woken."""
RUNNING: tuple[State, ...] = (
    "approved", "queued", "held", "running", "in_doubt", "waiting", "rolling_back",
)  # fmt: skip


class HomePages:
    """The pages of one chat instance."""

    def __init__(self, house: House, instance: str) -> None:
        self._house = house
        self._instance = instance

    async def page(self, account: Account) -> Page:
        """See `ports.Home`."""
        person = gate.requester(account, self._house.people)
        if isinstance(person, Refusal):
            return home.stranger(person.why)
        return await self._house.store.read(lambda c: self._page(c, person))

    async def changed(self) -> None:
        """See `ports.Home`."""
        await self._house.bus.wait("homes", LOOK)

    def _page(self, connection: Connection, person: Person) -> Page:
        waiting = [
            stored
            for stored in plans.in_state(connection, "pending")
            if self._is_asked(connection, stored, person)
        ]
        running = [each for each in plans.in_state(connection, *RUNNING) if not each.quiet]
        return home.page(
            list(self._shown(connection, waiting)),
            list(self._shown(connection, running)),
            self._house.agents,
        )

    def _is_asked(self, connection: Connection, stored: Stored, person: Person) -> bool:
        """Whether this person's approval would count, and is not in yet."""
        request = stored.request
        if not any(counting.may_approve(person, each, request) for each in request.requirements):
            return False
        standing = votes.standing(connection, stored.digest)
        return all(vote.person != person.name for vote in standing)

    def _shown(self, connection: Connection, found: list[Stored]) -> Iterator[home.Shown]:
        now = self._house.clock.now()
        for stored in found:
            shown = view(connection, stored, self._house.people, now)
            yield shown, next(self._here(connection, stored), None)

    def _here(self, connection: Connection, stored: Stored) -> Iterator[str]:
        """The references of its cards on this instance."""
        for post in cards(connection, stored):
            if post.stands and post.reference and post.conversation.instance == self._instance:
                yield post.reference
