"""A post that is put again is changed, wherever it has got to; one that is gone is said once more."""

from sqlalchemy import Connection

from bot.model.reports import Outgoing
from bot.store import outbox
from tests.store.test_outbox import AT, HERE, send, words


def put(connection: Connection, text: str) -> None:
    outbox.put(connection, "p", HERE, words(text), at=AT)


def out(connection: Connection) -> list[Outgoing]:
    return outbox.claim(connection, AT, 10, each=10)


def test_the_first_is_a_post(connection: Connection) -> None:
    put(connection, "one")
    (taken,) = out(connection)
    assert (taken.kind, taken.key) == ("post", "p")


def test_one_that_waits_says_the_newest(connection: Connection) -> None:
    put(connection, "one")
    put(connection, "two")
    assert send(connection) == ["two"]
    assert send(connection) == []


def test_one_that_is_out_is_edited_and_only_the_newest_edit_goes(connection: Connection) -> None:
    put(connection, "one")
    send(connection, "$ref")
    put(connection, "two")
    put(connection, "three")
    (taken,) = out(connection)
    assert (taken.kind, taken.message) == ("edit", "$ref")
    assert taken.report is not None
    assert taken.report.text.startswith("three")


def test_one_that_is_gone_is_said_once_more(connection: Connection) -> None:
    put(connection, "one")
    (taken,) = out(connection)
    outbox.undeliverable(connection, taken.number, "no")
    put(connection, "two")
    put(connection, "three")
    assert send(connection) == ["three"]
