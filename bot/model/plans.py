"""Plans: what will be done, exactly. Made by `bot.planner`, approved by digest, run by `bot.execution`.

The stored canonical bytes are the plan; the digest is SHA-256 over them and they are never made again.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from bot.model.people import Conversation
from bot.model.sections import Glance, Planned, Risk, Section, Slots, worst
from bot.model.sections import Output as Output

FORMAT = 1

NAME = re.compile(r"[A-Za-z0-9_-]{1,16}")
"""What a planner may call a step, or a part."""

State = Literal[
    "pending", "approved", "queued", "held", "running", "in_doubt", "waiting", "done", "failed", "rolling_back",
    "rolled_back", "rejected", "expired", "superseded", "cancelled", "stale",
]  # fmt: skip

TRANSITIONS: dict[State, frozenset[State]] = {
    "pending": frozenset(
        {"approved", "rejected", "expired", "superseded", "cancelled", "stale", "held"}
    ),
    "approved": frozenset(
        {"queued", "running", "cancelled", "stale", "expired", "failed", "superseded", "held"}
    ),
    "queued": frozenset({"running", "cancelled", "stale", "failed", "superseded", "held"}),
    "held": frozenset({"pending", "approved", "running", "rejected", "expired", "cancelled"}),
    "running": frozenset(
        {"done", "failed", "in_doubt", "waiting", "held", "rolling_back", "cancelled", "stale"}
    ),
    "in_doubt": frozenset({"running", "rolling_back", "failed", "cancelled"}),
    "waiting": frozenset({"running", "cancelled", "rolling_back", "failed"}),
    "rolling_back": frozenset({"rolled_back", "failed", "in_doubt", "cancelled"}),
    "done": frozenset({"rolled_back"}),
    "failed": frozenset({"rolled_back"}),
    "rolled_back": frozenset(),
    "rejected": frozenset(),
    "expired": frozenset(),
    "superseded": frozenset(),
    "cancelled": frozenset({"rolled_back"}),
    "stale": frozenset(),
}
"""Which state may follow which. Behind an end there is at most `rolled_back`: by another plan, approved for that."""

UNDONE_LATER: frozenset[State] = frozenset({"done", "failed", "cancelled"})
"""Ends of which another plan may undo what was done."""

ENDS = frozenset(state for state, after in TRANSITIONS.items() if not after) | UNDONE_LATER


class Agent(Struct, frozen=True):
    """Someone who can do things: a target, the packs it may use, and a ceiling of risk."""

    name: str
    target: str
    packs: tuple[str, ...]
    level: int = 0
    aliases: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    vars: dict[str, str] = field(default_factory=dict)
    rooms: tuple[str, ...] = ()


class Step(Struct, frozen=True):
    """One section on one agent, with every argv written out. `identity` is the resolved target (`Target.identity`);
    `compared` is the part of the Preview that must still hold at the claim (None: nothing is compared). `outputs` are the
    slots that earlier steps fill during the run; what stands in the actions for them is open until then."""

    id: str
    agent: Agent
    identity: str
    section: Section
    slots: Slots
    actions: tuple[Planned, ...]
    preview: tuple[Glance, ...] = ()
    verify: tuple[Glance, ...] = ()
    rollback: tuple[Planned, ...] = ()
    needs: tuple[str, ...] = ()
    compared: str | None = None
    outputs: Mapping[str, Output] = field(default_factory=dict)


class Plan(Struct, frozen=True):
    """An immutable revision. `requesters` are the names of everyone whose words reached it.

    `undoes` is the run whose steps this plan rolls back, "" for a plan that does something: of the steps of such a plan
    the Rollbacks are run, last step first, and nothing else. `spoken`: words of a voice note are in it, so that above
    `read` a person is always asked."""

    id: str
    revision: int
    request: str
    requesters: tuple[str, ...]
    conversation: Conversation
    steps: tuple[Step, ...]
    format: int = FORMAT
    undoes: str = ""
    spoken: bool = False

    @property
    def risk(self) -> Risk:
        return worst(step.section.risk for step in self.steps)

    @property
    def agents(self) -> tuple[str, ...]:
        return tuple(sorted({step.agent.name for step in self.steps}))


class Draft(Struct, frozen=True):
    """A plan in the making: which section on which agent, with the slots known so far. `id` is the step's name where the planner
    gave one, `needs` are the names of the steps that must be over before it, `outputs` the slots that earlier steps fill."""

    agent: str
    section: str
    slots: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    id: str = ""
    needs: tuple[str, ...] = ()
    outputs: dict[str, Output] = field(default_factory=dict)


class Look(Struct, frozen=True):
    """What a Preview showed: its whole text for the card, escaped there, and when."""

    step: str
    text: str
    at: datetime


def digest(canonical: bytes) -> str:
    """What an approval is bound to: SHA-256 of the plan's stored bytes, in hexadecimal."""
    return hashlib.sha256(canonical).hexdigest()
