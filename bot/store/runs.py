"""Runs and their attempts. Written by `bot.execution`, read by `bot.report`'s callers and the commands.

A run is worked on by the process whose nonce stands in `owner`; the nonce lives in that process's memory alone, so an
owner that is not us is dead. Every change of a run moves its plan in the same transaction, so that the card tells the truth.
"""

from datetime import datetime

from sqlalchemy import Connection, Row, exists, insert, select, update
from sqlmodel import Field, SQLModel

from bot.model import plans as plan_model
from bot.model import runs as model
from bot.model.errors import TransitionError
from bot.model.ids import new_id
from bot.model.plans import Plan
from bot.model.runs import Attempt, Run
from bot.model.sections import Action
from bot.store import documents, locks, plans, questions
from bot.store.results import results


class RunRow(SQLModel, table=True):
    """One execution of one approved revision. `undoes` is the run whose steps it rolls back, `behind` the run that has one of
    its targets; "" for none."""

    __tablename__ = "runs"
    id: str = Field(primary_key=True)
    plan: str = Field(index=True)
    revision: int
    state: str = Field(index=True)
    owner: str = ""
    undoes: str = ""
    behind: str = ""
    words: str = ""
    doing: str = ""
    total: int = 0
    finished: int = 0
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None


class AttemptRow(SQLModel, table=True):
    """One action begun. `number` is the order of beginning."""

    __tablename__ = "attempts"
    number: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    run: str = Field(index=True)
    step: str
    phase: str
    position: int
    action: bytes
    state: str = Field(index=True)
    owner: str
    started_at: str
    ended_at: str | None = None
    exit: int | None = None
    output: str = ""
    dropped: int = 0
    words: str = ""
    fault: str = ""


TABLE = RunRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass
ATTEMPTS = AttemptRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass

_PLAN: dict[model.State, plan_model.State] = {
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
"""What a run's state means for its plan. `queued` and `claimed` change nothing by themselves."""

_AT_WORK = ("claimed", "running", "rolling_back")


def create(connection: Connection, plan: Plan, at: datetime, *, undoes: str = "") -> str:
    """A new run, queued. Returns its id."""
    identifier = new_id(at)
    connection.execute(
        insert(TABLE).values(
            id=identifier,
            plan=plan.id,
            revision=plan.revision,
            state="queued",
            owner="",
            undoes=undoes,
            behind="",
            words="",
            doing="",
            total=sum(len(step.rollback if undoes else step.actions) for step in plan.steps),
            finished=0,
            created_at=at.isoformat(),
        )
    )
    return identifier


def row(connection: Connection, run_id: str) -> Row[tuple[object, ...]]:
    """The stored row, for claims. Raises KeyError."""
    found = connection.execute(select(TABLE).where(TABLE.c.id == run_id)).first()
    if found is None:
        raise KeyError(run_id)
    return found


def take(connection: Connection, run_id: str, owner: str) -> bool:
    """Become the one who works on it, by compare-and-set. False when somebody has it, or there is nothing to do."""
    free = (
        TABLE.c.id == run_id,
        TABLE.c.owner == "",
        TABLE.c.state.in_(("queued", *_AT_WORK)),
    )
    return connection.execute(update(TABLE).where(*free).values(owner=owner)).rowcount == 1


def drop(connection: Connection, run_id: str, words: str = "", *, behind: str = "") -> None:
    """Give it back: it waits, with the reason in words, until run `behind` has no target any more."""
    values = {"owner": "", "words": words, "behind": behind}
    connection.execute(update(TABLE).where(TABLE.c.id == run_id).values(**values))


def advance(
    connection: Connection, run_id: str, to: model.State, words: str = "", *, at: datetime
) -> None:
    """Move a run, and its plan with it. An end frees its targets and withdraws its questions. Raises TransitionError."""
    now = row(connection, run_id)
    if to not in model.TRANSITIONS[now.state]:
        raise TransitionError(f"Run {run_id} is {now.state} and cannot become {to}.")
    values: dict[str, object] = {"state": to, "words": words}
    if to not in _AT_WORK:
        values["owner"] = ""
    if to == "running" and now.started_at is None:
        values["started_at"] = at.isoformat()
    if to in model.ENDS:
        values |= {"ended_at": at.isoformat(), "doing": ""}
        locks.release(connection, run_id)
        questions.withdraw_of_run(connection, run_id, at)
    connection.execute(update(TABLE).where(TABLE.c.id == run_id).values(**values))
    if to in _PLAN and not now.undoes:
        plans.advance(connection, now.plan, _PLAN[to], words, at=at)
    elif now.undoes:
        plans.touch(connection, now.plan)


def reach(
    connection: Connection, run_id: str, to: model.State, words: str = "", *, at: datetime
) -> None:
    """As `advance`; a run that was only claimed has been running for a moment, where the table wants it."""
    state = row(connection, run_id).state
    if state == "claimed" and to not in model.TRANSITIONS["claimed"]:
        advance(connection, run_id, "running", at=at)
    advance(connection, run_id, to, words, at=at)


def open_attempt(connection: Connection, attempt: Attempt, owner: str, doing: str) -> None:
    """The marker before the effect. `doing` is shown on the card."""
    connection.execute(
        insert(ATTEMPTS).values(
            id=attempt.id,
            run=attempt.run,
            step=attempt.step,
            phase=attempt.phase,
            position=attempt.index,
            action=documents.dump(attempt.action, Action),
            state="open",
            owner=owner,
            started_at=attempt.started_at.isoformat(),
            output="",
            dropped=0,
            words="",
            fault="",
        )
    )
    _show(connection, attempt.run, doing=doing)


def settle_attempt(
    connection: Connection, attempt: Attempt, to: model.AttemptState, words: str = ""
) -> None:
    """Move an attempt, with what `attempt` holds of its outcome. Raises TransitionError when its stored state forbids it."""
    stored = connection.execute(
        select(ATTEMPTS.c.state).where(ATTEMPTS.c.id == attempt.id)
    ).scalar_one()
    if to not in model.ATTEMPT_TRANSITIONS[stored]:
        raise TransitionError(f"Attempt {attempt.id} is {stored} and cannot become {to}.")
    connection.execute(
        update(ATTEMPTS)
        .where(ATTEMPTS.c.id == attempt.id)
        .values(
            state=to,
            words=words or attempt.words,
            exit=attempt.exit,
            output=attempt.output,
            dropped=attempt.dropped,
            fault=attempt.fault,
            ended_at=attempt.ended_at.isoformat() if attempt.ended_at else None,
        )
    )
    if to in {"done", "settled_done"} and attempt.phase == "do":
        connection.execute(
            update(TABLE).where(TABLE.c.id == attempt.run).values(finished=TABLE.c.finished + 1)
        )
    _show(connection, attempt.run)


def _show(connection: Connection, run_id: str, **values: object) -> None:
    if values:
        connection.execute(update(TABLE).where(TABLE.c.id == run_id).values(**values))
    plans.touch(connection, row(connection, run_id).plan)


def attempts(connection: Connection, run_id: str) -> tuple[Attempt, ...]:
    """All attempts of a run, in the order they were begun."""
    rows = connection.execute(
        select(ATTEMPTS).where(ATTEMPTS.c.run == run_id).order_by(ATTEMPTS.c.number)
    )
    return tuple(_attempt(each) for each in rows)


def load(connection: Connection, run_id: str) -> Run:
    """A run as people and machines are told of it. Raises KeyError."""
    found = row(connection, run_id)
    made = attempts(connection, run_id)
    plan = plans.load(connection, found.plan, found.revision)
    return Run(
        id=found.id,
        plan=found.plan,
        revision=found.revision,
        state=found.state,
        started_at=_time(found.started_at),
        ended_at=_time(found.ended_at),
        steps=results(plan, made, ended=found.state in model.ENDS),
        attempts=made,
        words=found.words,
        doing=found.doing,
        total=found.total,
        finished=found.finished,
    )


def of_plan(connection: Connection, plan_id: str, revision: int) -> Run | None:
    """The newest run of a revision, None when there is none yet. Runs that roll another back are not meant."""
    wanted = (TABLE.c.plan == plan_id, TABLE.c.revision == revision, TABLE.c.undoes == "")
    found = connection.execute(
        select(TABLE.c.id).where(*wanted).order_by(TABLE.c.id.desc()).limit(1)
    ).scalar()
    return load(connection, found) if found else None


def resumable(connection: Connection) -> list[str]:
    """Runs that somebody should work on and nobody does, oldest first; not those whose target another run still has."""
    blocked = exists().where(locks.TABLE.c.run == TABLE.c.behind)
    wanted = (TABLE.c.owner == "", TABLE.c.state.in_(("queued", *_AT_WORK)), ~blocked)
    return list(
        connection.execute(select(TABLE.c.id).where(*wanted).order_by(TABLE.c.id)).scalars()
    )


def orphans(connection: Connection, owner: str) -> list[str]:
    """Runs whose owner is not `owner`: whoever worked on them is dead."""
    wanted = (TABLE.c.owner != "", TABLE.c.owner != owner)
    return list(
        connection.execute(select(TABLE.c.id).where(*wanted).order_by(TABLE.c.id)).scalars()
    )


def unfinished(connection: Connection) -> list[str]:
    """Runs that have not ended, oldest first."""
    wanted = TABLE.c.state.not_in(sorted(model.ENDS))
    return list(connection.execute(select(TABLE.c.id).where(wanted).order_by(TABLE.c.id)).scalars())


def _attempt(row: Row[tuple[object, ...]]) -> Attempt:
    return Attempt(
        id=row.id,
        run=row.run,
        step=row.step,
        phase=row.phase,
        index=row.position,
        action=documents.load(Action, row.action),  # type: ignore[arg-type]  # a union is no type[T]
        state=row.state,
        started_at=datetime.fromisoformat(row.started_at),
        ended_at=_time(row.ended_at),
        exit=row.exit,
        output=row.output,
        dropped=row.dropped,
        words=row.words,
        fault=row.fault,
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
