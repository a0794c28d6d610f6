"""Every table, and the version of them all. `bot.store.migrate` and the migrations import this and nothing else does."""

from sqlmodel import SQLModel

from bot.store import (
    audit,
    inbox,
    locks,
    outbox_rows,
    plan_rows,
    questions,
    run_rows,
    seal,
    switches,
    votes,
)

VERSION = "0001"
"""The newest revision in `migrations/versions`; a test holds them together."""

MODULES = (audit, inbox, locks, outbox_rows, plan_rows, questions, run_rows, seal, switches, votes)
"""Whoever adds a table adds its module here."""

METADATA = SQLModel.metadata
