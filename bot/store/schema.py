"""Every table, and the version of them all. `bot.store.migrate` and the migrations import this and nothing else does."""

from sqlmodel import SQLModel

from bot.store import (
    audit,
    follows,
    inbox,
    investigations,
    locks,
    marks,
    outbox_rows,
    outputs,
    plan_rows,
    questions,
    run_rows,
    seal,
    spending,
    switches,
    turns,
    votes,
)

VERSION = "0004"
"""The newest revision in `migrations/versions`; a test holds them together."""

MODULES = (
    *(
        audit,
        follows,
        inbox,
        locks,
        marks,
        outbox_rows,
        outputs,
        plan_rows,
        questions,
        run_rows,
        seal,
    ),
    *(investigations, spending, switches, turns, votes),
)
"""Whoever adds a table adds its module here."""

METADATA = SQLModel.metadata
