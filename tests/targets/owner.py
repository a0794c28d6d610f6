"""A bot of which only the target is real: runs one command and waits to be killed. Run by test_death.py.

`python owner.py URL DATA ATTEMPT SCRIPT`; prints the outcome's exit when the command ends.
"""

import asyncio
import sys
from pathlib import Path

from adapters.targets.local.target import Local
from bot.model.runs import Limits
from bot.model.sections import Exec


async def main() -> None:
    url, data, attempt, script = sys.argv[1:]
    target = Local()(url, Path(data))
    done = await target.perform(Exec((("sh", "-c", script),)), Limits(), attempt)
    print("ended", done.exit, flush=True)  # noqa: T201 - the test reads it
    await asyncio.sleep(60)


asyncio.run(main())
