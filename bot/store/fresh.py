"""Posts made in the very transaction that claims them, as values: nobody needs to read them back. Noted by `bot.store.outbox`,
asked by `bot.store.delivery`; the writer forgets them with each transaction."""

from sqlalchemy import Connection

from bot.model.reports import Outgoing

_KEY = "fresh posts"


def note(connection: Connection, outgoing: Outgoing) -> None:
    """Row `outgoing.number` says this. Whoever takes a savepoint back forgets them all: its numbers are given out again."""
    connection.info.setdefault(_KEY, {})[outgoing.number] = outgoing


def posts(connection: Connection) -> dict[int, Outgoing]:
    """By number. Only rows that are there may be looked up, each once: `pop` it."""
    found: dict[int, Outgoing] = connection.info.get(_KEY, {})
    return found


def forget(connection: Connection) -> None:
    """They may say something else now."""
    connection.info.pop(_KEY, None)
