"""Who is who."""

import pytest

from approvals.people import People, holds
from bot.model.errors import ConfigurationError
from bot.model.people import Account, Person
from tests.approvals.making import ALICE, BOB, CAROL, TEAM, account


def test_a_person_is_one_person_on_every_platform() -> None:
    assert TEAM.who(account("alice")) is ALICE
    assert TEAM.who(account("alice", "matrix")) is ALICE


@pytest.mark.parametrize(
    "stranger",
    [
        Account("slack", "alice"),
        Account("console", "Alice"),
        Account("console", "alice "),
        Account("console", "аlice"),
        Account("console", "alice", "other-tenant"),
        Account("console", ""),
    ],
)
def test_an_account_that_only_resembles_one_is_a_stranger(stranger: Account) -> None:
    assert TEAM.who(stranger) is None


def test_a_bot_is_nobody_even_where_somebody_lists_it() -> None:
    people = People([ALICE, BOB], bots=[account("bob")])
    assert people.who(account("bob")) is None
    assert people.who(account("bob", "matrix")) is BOB


def test_alone_means_one_person_exactly() -> None:
    assert People([ALICE]).alone
    assert not People([]).alone
    assert not TEAM.alone


def test_roles() -> None:
    assert TEAM.having("operator") == (ALICE, BOB)
    assert TEAM.having("") == (ALICE, BOB, CAROL)
    assert not holds(CAROL, "operator")
    assert holds(CAROL, "")


def test_a_shared_account_or_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="both alice and eve"):
        People([ALICE, Person("eve", (), (account("alice", "matrix"),))])
    with pytest.raises(ConfigurationError, match=r"Two .* called 'alice'"):
        People([ALICE, Person("alice")])


def test_an_account_listed_twice_for_one_person_is_fine() -> None:
    twice = Person("alice", (), (account("alice"), account("alice")))
    assert People([twice]).who(account("alice")) is twice
