"""Names, roles and votes for Hypothesis."""

from hypothesis import strategies as st

from bot.model.people import Person
from tests.approvals.making import account

NAMES = ("alice", "bob", "carol", "dan")
ROLES = ("operator", "lead", "guest")
PLATFORMS = ("console", "matrix")

names = st.sampled_from(NAMES)
platforms = st.sampled_from(PLATFORMS)
ways = st.sampled_from(["reaction", "click", "typed", "named"])
role_sets = st.sets(st.sampled_from(ROLES)).map(lambda roles: tuple(sorted(roles)))


def person(name: str, roles: tuple[str, ...]) -> Person:
    return Person(name, roles, tuple(account(name, platform) for platform in PLATFORMS))
