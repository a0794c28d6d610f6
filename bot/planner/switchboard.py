"""The mailboxes of one request's supervisor and specialists. Used by `bot.planner.supervisor` and `bot.planner.specialist`.

In memory: what is thought of a request is thought anew after a crash, and nothing is done before people approve it.
"""

import asyncio
import logging
from collections.abc import Iterable
from itertools import count
from typing import Any

from bot.model.agent_messages import EVERYBODY, AgentMessage, Kind
from bot.model.ids import new_id
from bot.model.ports import Clock

PRIORITIES: dict[Kind, int] = {"learn": 9, "result": 8, "query": 7, "handoff": 6}
"""Who waits for an answer goes before who begins; 5 for the rest."""

log = logging.getLogger(__name__)


class Switchboard:
    """One box for each of `names`. Used from one event loop."""

    def __init__(self, names: Iterable[str], clock: Clock) -> None:
        self._boxes: dict[str, asyncio.PriorityQueue[tuple[int, int, AgentMessage]]] = {
            name: asyncio.PriorityQueue() for name in names
        }
        self._answers: dict[str, asyncio.Future[AgentMessage]] = {}
        self._clock = clock
        self._number = count()

    def send(self, source: str, target: str, kind: Kind, **payload: Any) -> AgentMessage:
        """Put it into the target's box, everybody else's for `*`, or hand it to whoever waits for this answer. Raises KeyError
        for a target that is not there."""
        now = self._clock.now()
        message = AgentMessage(
            new_id(now), now, source, target, kind, PRIORITIES.get(kind, 5), payload
        )
        log.info("%s → %s: %s %s", source, target, kind, message.id)
        waiting = self._answers.pop(payload.get("of", ""), None) if kind == "result" else None
        if waiting is not None:
            waiting.set_result(message)
            return message
        others = [name for name in self._boxes if name != source]
        for name in others if target == EVERYBODY else [target]:
            self._boxes[name].put_nowait((-message.priority, next(self._number), message))
        return message

    async def ask(self, source: str, target: str, kind: Kind, **payload: Any) -> AgentMessage:
        """As `send`, and its `result`, from whoever it comes in the end."""
        message = self.send(source, target, kind, **payload)
        answer: asyncio.Future[AgentMessage] = asyncio.get_running_loop().create_future()
        self._answers[message.id] = answer
        return await answer

    async def receive(self, name: str) -> AgentMessage:
        """The next one for `name`: the highest priority first, then the oldest."""
        _, _, message = await self._boxes[name].get()
        return message
