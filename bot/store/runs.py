"""Runs and their attempts. Written by `bot.execution`, read by `bot.report`'s callers and the commands.

A run is worked on by the process whose nonce stands in `owner`; the nonce lives in that process's memory alone, so an
owner that is not us is dead. Every change of a run moves its plan in the same transaction, so that the card tells the truth.
"""

from datetime import datetime

from sqlalchemy import Connection, delete, exists, select, update

from bot.model import runs as model
from bot.model.errors import TransitionError
from bot.model.ids import new_id
from bot.model.plans import Plan
from bot.model.runs import Attempt, Returned, Run
from bot.model.sections import Planned
from bot.store import documents, locks, outputs, plans, questions, run_plans, run_rows
from bot.store.results import results
from bot.store.run_rows import AT_WORK, RUNNABLE, TABLE, Record
from bot.store.statements import Statement


def create(connection: Connection, plan: Plan, at: datetime) -> str:
    """A new run, queued. Returns its id."""
    identifier = new_id(at)
    run_rows.create.run(
        connection,
        id=identifier,
        plan=plan.id,
        revision=plan.revision,
        undoes=plan.undoes,
        total=sum(len(step.rollback if plan.undoes else step.actions) for step in plan.steps),
        created_at=at.isoformat(),
    )
    return identifier


def row(connection: Connection, run_id: str) -> Record:
    """The stored row, for claims. Raises KeyError."""
    return run_rows.record(connection, run_id)


def newest(connection: Connection, plan_id: str, revision: int) -> Record | None:
    """The row of the newest run of a revision, None when there is none yet."""
    found = run_rows.newest.one(connection, of=plan_id, number=revision)
    return row(connection, found[0]) if found else None


def forget(connection: Connection, run_id: str, owner: str = "") -> bool:
    """A run of that owner ("": of nobody) that has begun nothing is not to be: somebody holds its plan. False when it has."""
    unbegun = TABLE.c.state.in_(("queued", "claimed"))
    done = connection.execute(
        delete(TABLE).where(TABLE.c.id == run_id, TABLE.c.owner == owner, unbegun)
    )
    if done.rowcount:
        locks.release(connection, run_id)
    return done.rowcount > 0


def take(connection: Connection, run_id: str, owner: str) -> bool:
    """Become the one who works on it, by compare-and-set. False when somebody has it, or there is nothing to do."""
    return run_rows.take.run(connection, name=run_id, new=owner) == 1


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
    ends = to in model.ENDS
    begins = to == "running" and now.started_at is None
    run_rows.move.run(
        connection,
        name=run_id,
        to=to,
        why=words,
        who=now.owner if to in AT_WORK else "",
        now="" if ends else now.doing,
        began=at.isoformat() if begins else now.started_at,
        over=at.isoformat() if ends else None,
    )
    if ends:
        locks.release(connection, run_id)
        questions.withdraw_of_run(connection, run_id, at)
    run_plans.move(connection, now, to, words, at)


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
    run_rows.begin.run(
        connection,
        id=attempt.id,
        run=attempt.run,
        step=attempt.step,
        phase=attempt.phase,
        position=attempt.index,
        action=documents.pack(attempt.action, Planned),
        state="open",
        owner=owner,
        started_at=attempt.started_at.isoformat(),
        ended_at=None,
        exit=None,
        output="",
        dropped=0,
        words="",
        fault="",
    )
    run_rows.show.run(connection, name=attempt.run, now=doing)
    _touch(connection, attempt.run)


def settle_attempt(
    connection: Connection, attempt: Attempt, to: model.AttemptState, words: str = ""
) -> None:
    """Move an attempt, with what `attempt` holds of its outcome. Raises TransitionError when its stored state forbids it."""
    (stored,) = run_rows.state_of.one(connection, name=attempt.id) or ("open",)
    if to not in model.ATTEMPT_TRANSITIONS[stored]:
        raise TransitionError(f"Attempt {attempt.id} is {stored} and cannot become {to}.")
    run_rows.close.run(
        connection,
        name=attempt.id,
        to=to,
        why=words or attempt.words,
        code=attempt.exit,
        said=attempt.output,
        less=attempt.dropped,
        what=attempt.fault,
        over=attempt.ended_at.isoformat() if attempt.ended_at else None,
    )
    outputs.add(connection, attempt)
    run = row(connection, attempt.run)
    if to in {"done", "settled_done"} and attempt.phase == ("rollback" if run.undoes else "do"):
        run_rows.count.run(connection, name=attempt.run)
    plans.touch(connection, run.plan)


def _touch(connection: Connection, run_id: str) -> None:
    plans.touch(connection, row(connection, run_id).plan)


def attempts(connection: Connection, run_id: str) -> tuple[Attempt, ...]:
    """All attempts of a run, in the order they were begun."""
    found = run_rows.of_run.all(connection, name=run_id)
    returned = outputs.of_run(connection, run_id)
    return tuple(_attempt(*each, returned=returned.get(each[0], ())) for each in found)


def attempts_with_undoing(connection: Connection, run_id: str) -> tuple[Attempt, ...]:
    """As `attempts`, and then what later runs did to undo it."""
    later = connection.execute(
        select(TABLE.c.id).where(TABLE.c.undoes == run_id).order_by(TABLE.c.id)
    )
    runs = (run_id, *later.scalars())
    return tuple(each for run in runs for each in attempts(connection, run))


def load(connection: Connection, run_id: str) -> Run:
    """A run as people and machines are told of it. Raises KeyError."""
    found = row(connection, run_id)
    return _told(connection, found, plans.load(connection, found.plan, found.revision))


def _told(connection: Connection, found: Record, plan: Plan) -> Run:
    made = attempts(connection, found.id)
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


def of_plan(connection: Connection, plan: Plan) -> Run | None:
    """The newest run of a revision, None when there is none yet."""
    found = newest(connection, plan.id, plan.revision)
    return _told(connection, found, plan) if found else None


_blocked = exists().where(locks.TABLE.c.run == TABLE.c.behind)
RESUMABLE = select(TABLE.c.id).where(TABLE.c.owner == "", RUNNABLE, ~_blocked)
_resumable = Statement(RESUMABLE.order_by(TABLE.c.id))


def resumable(connection: Connection) -> list[str]:
    """Runs that somebody should work on and nobody does, oldest first; not those whose target another run still has."""
    return [row[0] for row in _resumable.all(connection)]


def waiting(connection: Connection) -> bool:
    """Whether there is any such run: a cheap look."""
    return _resumable.one(connection) is not None


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


def _attempt(
    id: str,
    run: str,
    step: str,
    phase: model.Phase,
    position: int,
    action: bytes,
    state: model.AttemptState,
    _owner: str,
    started_at: str,
    ended_at: str | None,
    exit: int | None,
    output: str,
    dropped: int,
    words: str,
    fault: str,
    *,
    returned: tuple[Returned, ...],
) -> Attempt:
    """The columns in the order of `run_rows.ATTEMPT_COLUMNS`."""
    made: Planned = documents.load(Planned, action)  # type: ignore[arg-type]  # a union is no type[T]
    began = datetime.fromisoformat(started_at)
    return Attempt(
        *(id, run, step, phase, position, made, state),
        *(began, _time(ended_at), exit, output, dropped, words, fault),
        returned=returned,
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
