"""Every table, and the version of them all. `bot.store.migrate` and the migrations import this and nothing else does."""

from sqlmodel import SQLModel

from bot.store import (
    audit,
    follows,
    inbox,
    locks,
    marks,
    outbox_rows,
    plan_rows,
    questions,
    run_rows,
    seal,
    switches,
    votes,
)

VERSION = "0002"
"""The newest revision in `migrations/versions`; a test holds them together."""

MODULES = (
    *(audit, follows, inbox, locks, marks, outbox_rows, plan_rows, questions, run_rows, seal),
    *(switches, votes),
)
"""Whoever adds a table adds its module here."""

METADATA = SQLModel.metadata
