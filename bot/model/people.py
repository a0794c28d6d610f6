"""Who speaks and where. Made by chat adapters, judged by approvals, shown by reports."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """One account on one platform. `instance` is the name of the `[chat.NAME]` table."""

    instance: str
    user: str
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """One human being, the same on every platform. `roles` are the team's own words."""

    name: str
    roles: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread: the room it is in and the message (or platform id) that it hangs on."""

    instance: str
    room: str
    thread: str
