"""The tables of runs and attempts and their hot statements. Used by `runs` alone; a run costs some twenty statements."""

from msgspec import Struct
from sqlalchemy import Connection, bindparam, insert, or_, select, update
from sqlmodel import Field, SQLModel

from bot.model import runs as model
from bot.store.statements import Statement

AT_WORK: tuple[model.State, ...] = ("claimed", "running", "rolling_back")
"""The states in which somebody works on a run, or should."""


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

RUNNABLE = or_(*(TABLE.c.state == state for state in ("queued", *AT_WORK)))


class Record(Struct, frozen=True):
    """A run's row. Times are ISO strings."""

    id: str
    plan: str
    revision: int
    state: model.State
    owner: str
    undoes: str
    words: str
    doing: str
    total: int
    finished: int
    started_at: str | None
    ended_at: str | None


_by_id = Statement(
    select(*(TABLE.c[name] for name in Record.__struct_fields__)).where(
        TABLE.c.id == bindparam("run")
    )
)


def record(connection: Connection, run_id: str) -> Record:
    """Raises KeyError."""
    found = _by_id.one(connection, run=run_id)
    if found is None:
        raise KeyError(run_id)
    return Record(*found)


ATTEMPT_COLUMNS = (
    "id", "run", "step", "phase", "position", "action", "state", "owner", "started_at", "ended_at", "exit", "output",
    "dropped", "words", "fault",
)  # fmt: skip

create = Statement(
    insert(TABLE).values(state="queued", owner="", behind="", words="", doing="", finished=0),
    *("id", "plan", "revision", "undoes", "total", "created_at"),
    *("state", "owner", "behind", "words", "doing", "finished"),
)
newest = Statement(
    select(TABLE.c.id)
    .where(TABLE.c.plan == bindparam("of"), TABLE.c.revision == bindparam("number"))
    .order_by(TABLE.c.id.desc())
    .limit(1)
)
take = Statement(
    update(TABLE)
    .where(TABLE.c.id == bindparam("name"), TABLE.c.owner == "", RUNNABLE)
    .values(owner=bindparam("new"))
)
move = Statement(
    update(TABLE)
    .where(TABLE.c.id == bindparam("name"))
    .values(
        state=bindparam("to"),
        words=bindparam("why"),
        owner=bindparam("who"),
        doing=bindparam("now"),
        started_at=bindparam("began"),
        ended_at=bindparam("over"),
    )
)
show = Statement(
    update(TABLE).where(TABLE.c.id == bindparam("name")).values(doing=bindparam("now"))
)
count = Statement(
    update(TABLE).where(TABLE.c.id == bindparam("name")).values(finished=TABLE.c.finished + 1)
)
begin = Statement(insert(ATTEMPTS), *ATTEMPT_COLUMNS)
state_of = Statement(select(ATTEMPTS.c.state).where(ATTEMPTS.c.id == bindparam("name")))
close = Statement(
    update(ATTEMPTS)
    .where(ATTEMPTS.c.id == bindparam("name"))
    .values(
        state=bindparam("to"),
        words=bindparam("why"),
        exit=bindparam("code"),
        output=bindparam("said"),
        dropped=bindparam("less"),
        fault=bindparam("what"),
        ended_at=bindparam("over"),
    )
)
of_run = Statement(
    select(*(ATTEMPTS.c[name] for name in ATTEMPT_COLUMNS))
    .where(ATTEMPTS.c.run == bindparam("name"))
    .order_by(ATTEMPTS.c.number)
)
