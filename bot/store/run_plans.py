"""What a run's state means for the plans around it. Called by `runs` in the transaction of every change, so that cards tell the
truth."""

from datetime import datetime

from sqlalchemy import Connection

from bot.model import plans as plan_model
from bot.model import runs as model
from bot.model.ids import short
from bot.store import plans, run_rows
from bot.store.run_rows import Record

_DOING: dict[model.State, plan_model.State] = {
    "running": "running",
    "in_doubt": "in_doubt",
    "waiting": "waiting",
    "held": "held",
    "rolling_back": "rolling_back",
    "done": "done",
    "failed": "failed",
    "rolled_back": "rolled_back",
    "cancelled": "cancelled",
    "stale": "stale",
}
"""`queued` and `claimed` change nothing by themselves."""
_UNDOING: dict[model.State, plan_model.State] = {
    **_DOING,
    "rolling_back": "running",
    "rolled_back": "done",
}
"""A plan that rolls another one back is done when that one is undone."""


def move(connection: Connection, run: Record, to: model.State, words: str, at: datetime) -> None:
    """The plan of this run moves with it, and a plan that it undoes learns how that ended. Raises TransitionError."""
    meant = _UNDOING if run.undoes else _DOING
    if to in meant:
        plans.advance(connection, run.plan, meant[to], words, at=at)
    if run.undoes and to in model.ENDS:
        _tell_undone(connection, run, to, at)


def _tell_undone(connection: Connection, undoing: Record, end: model.State, at: datetime) -> None:
    undone = run_rows.record(connection, undoing.undoes)
    state = plans.state(connection, undone.plan)
    name = f"plan `{short(undoing.plan)}`"
    if end == "rolled_back" and "rolled_back" in plan_model.TRANSITIONS[state]:
        plans.advance(connection, undone.plan, "rolled_back", f"Rolled back by {name}.", at=at)
    elif end == "failed" and state in plan_model.UNDONE_LATER:
        words = f"The roll back by {name} failed: look there."
        plans.advance(connection, undone.plan, state, words, at=at)
