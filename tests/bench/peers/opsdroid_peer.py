"""opsdroid's cost of a message, by number of commands. Run by opsdroid's own Python, from `pages_bench`.

Usage: opsdroid_peer.py COMMANDS MESSAGES; prints {"median_ms"}. The commands are regex skills, as its documents show them.
"""

import gettext
import json
import statistics
import sys
import time
from typing import Any

gettext.install("opsdroid")  # its modules need `_`, which its command line installs

from opsdroid.connector import Connector  # noqa: E402 - behind the line above
from opsdroid.core import OpsDroid  # noqa: E402 - behind the line above
from opsdroid.events import Message  # noqa: E402 - behind the line above
from opsdroid.matchers import match_regex  # noqa: E402 - behind the line above


class Counting(Connector):  # type: ignore[misc]  # no types published
    """Takes answers and counts them."""

    name = "counting"
    answers = 0

    async def send(self, event: Any) -> None:
        self.answers += 1


def skill(number: int) -> Any:
    async def answer(opsdroid: Any, config: Any, message: Any) -> None:
        await message.respond(f"thing{number} is well")

    made = match_regex(rf"^show the state of thing{number} on (\w+)$")(answer)
    made.config = {"name": f"thing{number}"}
    return made


async def measure(bot: Any, commands: int, messages: int) -> float:
    chat = Counting({"name": "counting"}, opsdroid=bot)
    bot.skills.extend(skill(number) for number in range(commands))
    times = []
    for number in range(messages):
        text = f"show the state of thing{number * 7 % commands} on host{number}"
        message = Message(text=text, user="alice", target="room", connector=chat)
        start = time.perf_counter()
        await bot.parse(message)
        times.append(time.perf_counter() - start)
    if chat.answers != messages:
        raise SystemExit(f"opsdroid answered {chat.answers} of {messages} messages")
    return statistics.median(times) * 1e3


def main() -> None:
    commands, messages = int(sys.argv[1]), int(sys.argv[2])
    with OpsDroid(config={}) as bot:
        median = bot.eventloop.run_until_complete(measure(bot, commands, messages))
    sys.stdout.write(json.dumps({"median_ms": median}) + "\n")


if __name__ == "__main__":
    main()
