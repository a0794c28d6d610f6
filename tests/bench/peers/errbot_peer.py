"""errbot answering in memory. Run by errbot's own Python, from `requests_bench`.

Usage: errbot_peer.py MESSAGES; prints {"serial", "burst"} in answers a second. errbot's own test back end, in one process,
with one plugin: a regex command that looks for the words in a dozen titles, as our search does over its sections.
Nothing is stored and no pipe is crossed. Its commands run in its thread pool or in its main thread; the better counts.
"""

import json
import logging
import sys
import tempfile
import time
from pathlib import Path

from errbot.backends.test import TestBot

PLUG = "[Core]\nName = Nearest\nModule = nearest\n[Python]\nVersion = 3\n"
PLUGIN = """
from errbot import BotPlugin, re_botcmd

TITLES = (
    "show the disk space", "show the free inodes", "show what uses the disk", "show the memory", "show the load",
    "show the uptime", "show the kernel", "list the processes", "find a process", "list the open ports",
    "show the status of a service", "show the log of a service",
)

class Nearest(BotPlugin):
    @re_botcmd(pattern=r"^ask web1 to (.+)$", prefixed=True)
    def nearest(self, msg, match):
        words = set(match.group(1).lower().split())
        ranked = sorted(TITLES, key=lambda title: -len(words & set(title.split())))
        return "I know no capability for that.\\nNearest: " + " · ".join(ranked[:3]) + "."
"""


def start(asynchronous: bool) -> TestBot:
    folder = Path(tempfile.mkdtemp(prefix="errbot-peer-"))
    (folder / "nearest.plug").write_text(PLUG)
    (folder / "nearest.py").write_text(PLUGIN)
    bot = TestBot(
        extra_plugin_dir=str(folder),
        loglevel=logging.ERROR,
        extra_config={"BOT_ASYNC": asynchronous},
    )
    bot.start()
    return bot


def measure(bot: TestBot, messages: int) -> dict[str, float]:
    """Answers a second: one after another, then all at once."""
    for number in range(100):
        bot.exec_command(f"!ask web1 to warm up thing{number}")
    begun = time.perf_counter()
    for number in range(messages):
        bot.exec_command(f"!ask web1 to frobnicate widget{number}")
    serial = messages / (time.perf_counter() - begun)
    begun = time.perf_counter()
    for number in range(messages):
        bot.push_message(f"!ask web1 to frobnicate gadget{number}")
    for _ in range(messages):
        bot.pop_message()
    return {"serial": serial, "burst": messages / (time.perf_counter() - begun)}


def main() -> None:
    mode = sys.argv[2]
    found = measure(start(mode == "pool"), int(sys.argv[1]))
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
