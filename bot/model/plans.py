"""Plans: what will be done, exactly. Made by `bot.planner`, approved by digest, run by `bot.execution`.

The stored canonical bytes are the plan; the digest is SHA-256 over them and they are never made again.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.model.people import Conversation
from bot.model.sections import Action, Exec, Risk, Section, Slots, worst

FORMAT = 1

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


@dataclass(frozen=True, slots=True)
class Agent:
    """Someone who can do things: a target, the packs it may use, and a ceiling of risk."""

    name: str
    target: str
    packs: tuple[str, ...]
    level: int = 0
    aliases: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    vars: dict[str, str] = field(default_factory=dict)
    rooms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One section on one agent, with every argv written out. `identity` is the resolved target (`Target.identity`);
    `compared` is the part of the Preview that must still hold at the claim (None: nothing is compared)."""

    id: str
    agent: Agent
    identity: str
    section: Section
    slots: Slots
    actions: tuple[Action, ...]
    preview: tuple[Exec, ...] = ()
    verify: tuple[Exec, ...] = ()
    rollback: tuple[Action, ...] = ()
    needs: tuple[str, ...] = ()
    compared: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
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


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan in the making: which section on which agent, with the slots known so far."""

    agent: str
    section: str
    slots: dict[str, str | tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """What a Preview showed: its whole text for the card, escaped there, and when."""

    step: str
    text: str
    at: datetime


def digest(canonical: bytes) -> str:
    """What an approval is bound to: SHA-256 of the plan's stored bytes, in hexadecimal."""
    return hashlib.sha256(canonical).hexdigest()
