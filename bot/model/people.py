"""Who speaks and where. Made by chat adapters, judged by approvals, shown by reports."""

from msgspec import Struct


class Account(Struct, frozen=True):
    """One account on one platform. `instance` is the name of the `[chat.NAME]` table."""

    instance: str
    user: str
    tenant: str = ""


class Person(Struct, frozen=True):
    """One human being, the same on every platform. `roles` are the team's own words."""

    name: str
    roles: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()


class Conversation(Struct, frozen=True):
    """A thread: the room it is in and the message (or platform id) that it hangs on."""

    instance: str
    room: str
    thread: str
