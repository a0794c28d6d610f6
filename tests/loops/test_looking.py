"""An investigation takes 90 s at most, on a clock that the model's own slowness moves."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from bot import app, config
from bot.cases.looking import SECONDS
from bot.clock import SystemClock
from tests.loops.test_hearing import Heard, asked
from tests.servers.scripted_model import Picks, ScriptedModel, conclude, step

DISK, SLOW = "linux-facts/show-the-disk-space", 40.0


@dataclass
class Slowly(SystemClock):
    """Wall time goes on as it does; what is waited for passes with every question."""

    ahead: float = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


async def test_it_ends_after_ninety_seconds_with_what_it_has_seen(
    tmp_path: Path, model: ScriptedModel
) -> None:
    clock = Slowly()

    def answer(question: dict[str, Any]) -> Picks:
        clock.ahead += SLOW
        if {tool["function"]["name"] for tool in question["tools"]} == {"conclude"}:
            return Picks((conclude("The disk has room.", 1, 2),))
        return Picks((step(DISK),))

    model.answer = answer
    table = {
        "bot": {"data": str(tmp_path / "data")},
        "chat": {"console": {}},
        "people": [{"name": "alice", "roles": ["operator"], "console": "alice"}],
        "agents": [{"name": "web1", "target": "local:", "packs": ["linux-facts"], "level": 3}],
        "llm": {"order": ["openai"], "openai": {"model": "scripted", "base_url": model.url}},
    }
    configuration = config.build(table, None, tmp_path)
    async with app.open_house(configuration) as house, asyncio.timeout(30):
        chat = Heard([[asked("m1", "ask web1 why it is strange")]], wanted=3)
        house = replace(house, clock=clock)
        await app.serve(house, configuration, {"console": chat}, asyncio.Event())
    assert len(model.asked) == 4, (
        "the third question came back after its time, the fourth is the last"
    )
    assert SLOW * 2 < SECONDS < SLOW * 3
    told = str(model.asked[-1]["messages"])
    assert told.count("It was not made: no time is left.") == 1
    said = [each.report.text for each in chat.answers if each.report]
    assert len(said) == 3, "two looks, and the answer"
    assert "The disk has room." in said[-1]
