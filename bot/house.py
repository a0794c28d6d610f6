"""The rooms as one value. Made by `bot.app`, handed to `bot.flow`, the cases, and the loops that publish and deliver."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct, field
from sqlalchemy import Connection

from approvals.people import People
from approvals.policy import Policy
from bot.bus import Bus
from bot.execution.runner import Runner
from bot.leaving import Leaving
from bot.llm import Models
from bot.metrics import Metrics
from bot.model.people import Conversation
from bot.model.plans import Agent
from bot.model.ports import Catalogue, Clock, Fetches, Guard, Redactor, Renderer, Target
from bot.model.roles import Role
from bot.planner.offline import OfflinePlanner
from bot.speech import Ears
from bot.store.writer import Store

Effect = Callable[[Connection], None]
"""What an event changes: one synchronous function, committed together with the event's `done`."""


def nothing(_connection: Connection) -> None:
    """The effect of an event that is none of our business."""


class Library(Catalogue, Protocol):
    """The capabilities in force, hot-reloaded."""

    def reload(self) -> bool: ...


class House(Struct, frozen=True):
    """Every room that a case may need. `agents` and `people` are the configuration's; times come from `clock`;
    `approval_rooms` see every plan that waits, `operators` is where troubles are told; `health` says of each chat instance
    whether it is connected or what is wrong, `down` why one has ended for good, `stuck` what one has been failing with for
    long; `fetches` are the chats that people can send files to; without `ears` no voice note is listened to, and
    without `models` none is asked; `roles` are what agents are for; `leaving` is what a stop
    need not wait for, and `pages` whose turn it is to have a sent page looked through."""

    name: str
    store: Store
    clock: Clock
    bus: Bus
    catalogue: Library
    renderer: Renderer
    guard: Guard
    planner: OfflinePlanner
    people: People
    policy: Policy
    runner: Runner
    target_of: Callable[[Agent], Target]
    agents: tuple[Agent, ...]
    redactor: Redactor
    late: timedelta
    started_at: datetime
    approval_rooms: tuple[Conversation, ...] = ()
    operators: Conversation | None = None
    metrics: Metrics = field(default_factory=Metrics)
    health: dict[str, str] = field(default_factory=dict)
    down: dict[str, str] = field(default_factory=dict)
    stuck: dict[str, str] = field(default_factory=dict)
    fetches: dict[str, Fetches] = field(default_factory=dict)
    ears: Ears | None = None
    models: Models | None = None
    roles: tuple[Role, ...] = ()
    leaving: Leaving = field(default_factory=Leaving)
    pages: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
