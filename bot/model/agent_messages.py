"""What a supervisor and its specialists tell each other. Carried by `bot.planner.switchboard`, in memory."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

Kind = Literal["task", "result", "handoff", "query", "heartbeat", "learn"]
"""`task`: plan this part. `handoff`: plan it in my place. `query`: answer me. `result`: of any of these. `learn`: for everybody to know.
`heartbeat` is for agents far away; in one process nobody needs it."""

EVERYBODY = "*"


class AgentMessage(Struct, frozen=True):
    """`target` is a name or `*`. `priority` is 1 to 10, and 10 is read first. `payload["of"]` names the message that this one
    answers, or takes over."""

    id: str
    timestamp: datetime
    source: str
    target: str
    type: Kind
    priority: int = 5
    payload: Mapping[str, Any] = field(default_factory=dict)
