"""Who is who. `bot.config` makes it from `[[people]]`; `bot.flow` asks it about every event, `gate` at every count of votes."""

from collections.abc import Iterable

from bot.model.errors import ConfigurationError
from bot.model.people import Account, Person


class People:
    """Everybody we know. An account is compared as it is given: instance, tenant and user, no folding of case.

    `bots` are accounts that never stand for a person, the bot's own above all, even where somebody lists them.
    Raises ConfigurationError where two persons share a name or an account.
    """

    def __init__(self, persons: Iterable[Person], bots: Iterable[Account] = ()) -> None:
        self._persons: dict[str, Person] = {}
        self._accounts: dict[Account, Person] = {}
        self._bots = frozenset(bots)
        for person in persons:
            self._add(person)

    def _add(self, person: Person) -> None:
        if person.name in self._persons:
            raise ConfigurationError(
                f"Two [[people]] are called {person.name!r}.",
                "Give each person one table and one name.",
            )
        self._persons[person.name] = person
        for account in person.accounts:
            other = self._accounts.setdefault(account, person)
            if other is not person:
                raise ConfigurationError(
                    f"The account {account.user!r} on {account.instance} belongs to both {other.name} and {person.name}.",
                    "Take it from one of them: a person has one vote.",
                )

    def who(self, account: Account) -> Person | None:
        """The person behind an account; None for a stranger and for every bot."""
        return None if account in self._bots else self._accounts.get(account)

    def named(self, name: str) -> Person | None:
        return self._persons.get(name)

    def having(self, role: str) -> tuple[Person, ...]:
        """Everybody with that role, in the order of the configuration; everybody known for ""."""
        return tuple(person for person in self._persons.values() if holds(person, role))

    @property
    def alone(self) -> bool:
        """Only one person is known: nobody else could be asked."""
        return len(self._persons) == 1


def holds(person: Person, role: str) -> bool:
    """Whether a person has a role; "" is a role that every known person has."""
    return not role or role in person.roles
