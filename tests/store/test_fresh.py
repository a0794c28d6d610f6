"""A post and its claim in one transaction: what is sent is what stands in the row, also behind a savepoint that was taken back."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import cast

import pytest
from sqlalchemy import Connection

from bot.model.people import Conversation
from bot.model.reports import Outgoing, Paragraph, Report
from bot.store import outbox
from bot.store.transaction import Raised
from bot.store.writer import Store

AT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
HERE = Conversation("slack", "C1", "17.1")


def words(text: str) -> Report:
    return Report("answer", (Paragraph(text),))


def taken_back(connection: Connection) -> None:
    """What it says is not true after all: the plan was approved meanwhile."""
    outbox.post(connection, "reply/lie", HERE, words("Your plan was changed."), at=AT)
    raise ValueError("approved meanwhile")


def reacts(connection: Connection) -> None:
    outbox.react(connection, "mark", HERE, "m1", "✅", at=AT)


def edits(connection: Connection) -> None:
    outbox.edit(connection, "card", words("approved"), AT)


def posts(connection: Connection) -> None:
    outbox.post(connection, "reply/truth", HERE, words("It was approved."), at=AT)


def claims(connection: Connection) -> list[Outgoing]:
    return outbox.claim(connection, AT, 100)


async def claimed(store: Store, *writes: Callable[[Connection], object]) -> Sequence[Outgoing]:
    *_, taken = await store.write_all([*writes, claims])
    return cast("Sequence[Outgoing]", taken)


@pytest.mark.parametrize(
    ("next_one", "kind", "text"),
    [(reacts, "react", ""), (edits, "edit", "approved"), (posts, "post", "It was approved.")],
)
async def test_a_post_that_was_taken_back_is_not_sent_in_the_place_of_the_next_row(
    store: Store, next_one: Callable[[Connection], None], kind: str, text: str
) -> None:
    await store.write(lambda c: outbox.post(c, "card", HERE, words("waits"), at=AT))
    for each in await claimed(store):
        await store.write(lambda c, n=each.number: outbox.sent(c, n, "r1", AT))
    lie, _, taken = await store.write_all([taken_back, next_one, claims])
    assert isinstance(lie, Raised)
    assert [(x.kind, x.report.text if x.report else "") for x in cast("list[Outgoing]", taken)] == [
        (kind, text)
    ]


async def test_what_was_posted_before_one_that_was_taken_back_is_sent(store: Store) -> None:
    taken = await claimed(store, posts, taken_back)
    assert [each.key for each in taken] == ["reply/truth"]
    assert [each.report for each in taken] == [words("It was approved.")]
