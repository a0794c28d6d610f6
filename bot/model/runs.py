"""Runs and attempts: what was begun, and what came of it. Written by `bot.execution`, shown by `bot.report`."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from bot.model.sections import Planned

Phase = Literal["preview", "do", "verify", "rollback"]

State = Literal[
    "queued", "claimed", "running", "in_doubt", "waiting", "held", "rolling_back",
    "done", "failed", "rolled_back", "cancelled", "stale",
]  # fmt: skip

TRANSITIONS: dict[State, frozenset[State]] = {
    "queued": frozenset({"claimed", "cancelled", "stale", "failed"}),
    "claimed": frozenset({"running", "queued", "stale", "failed", "cancelled"}),
    "running": frozenset(
        {"done", "failed", "in_doubt", "waiting", "held", "rolling_back", "cancelled"}
    ),
    "in_doubt": frozenset({"running", "rolling_back", "failed", "cancelled"}),
    "waiting": frozenset({"running", "rolling_back", "failed", "cancelled"}),
    "held": frozenset({"running", "cancelled"}),
    "rolling_back": frozenset({"rolled_back", "failed", "in_doubt"}),
    "done": frozenset(),
    "failed": frozenset(),
    "rolled_back": frozenset(),
    "cancelled": frozenset(),
    "stale": frozenset(),
}

ENDS = frozenset(state for state, after in TRANSITIONS.items() if not after)

AttemptState = Literal["open", "done", "failed", "unknown", "settled_done", "settled_not_done"]

ATTEMPT_TRANSITIONS: dict[AttemptState, frozenset[AttemptState]] = {
    "open": frozenset({"done", "failed", "unknown"}),
    "unknown": frozenset({"settled_done", "settled_not_done"}),
    "done": frozenset(),
    "failed": frozenset(),
    "settled_done": frozenset(),
    "settled_not_done": frozenset(),
}

StepState = Literal["waiting", "running", "done", "failed", "in_doubt", "rolled_back", "skipped"]


class Limits(Struct, frozen=True):
    """Bounds of one attempt: seconds, and bytes of output kept at its beginning and its end."""

    timeout: float = 300.0
    head: int = 64 * 1024
    tail: int = 960 * 1024
    grace: float = 5.0


class Outcome(Struct, frozen=True):
    """What a target says of one action. `exit` is the exit code judged (None when it never ended by itself: see `fault`).

    `output` is the raw stream of standard output, `errors` that of standard error, both cut to `Limits` with the
    number of bytes `dropped`; neither is redacted: whoever stores or shows them redacts first.
    `exits` has every stage's code.
    """

    exit: int | None
    output: bytes = b""
    errors: bytes = b""
    dropped: int = 0
    exits: tuple[int, ...] = ()
    fault: Literal[
        "", "timeout", "cancelled", "missing program", "unreachable", "refused", "unwritable"
    ] = ""
    words: str = ""


class Returned(Struct, frozen=True):
    """What a done action has put out under a name that its section declares; `fault` says why there is no value to use."""

    name: str
    type: str
    value: str = ""
    fault: str = ""


UNRETURNED = "output"
"""The fault of an attempt that was done and did not put out what a later step needs."""


class Attempt(Struct, frozen=True):
    """One action begun. `state` is `open` from the commit before the effect until the commit after it. An `action` that is
    open was never made: what it needs did not come, or did not pass."""

    id: str
    run: str
    step: str
    phase: Phase
    index: int
    action: Planned
    state: AttemptState
    started_at: datetime
    ended_at: datetime | None = None
    exit: int | None = None
    output: str = ""
    dropped: int = 0
    words: str = ""
    fault: str = ""
    returned: tuple[Returned, ...] = ()


class StepResult(Struct, frozen=True):
    """One step of a run as it stands now. `output_tail` is redacted."""

    id: str
    state: StepState
    exit: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    output_tail: str = ""


class Run(Struct, frozen=True):
    """One execution of one approved revision. `words` says how it ended, or what it waits for."""

    id: str
    plan: str
    revision: int
    state: State
    started_at: datetime | None = None
    ended_at: datetime | None = None
    steps: tuple[StepResult, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    words: str = ""
    doing: str = ""
    total: int = 0
    finished: int = 0
