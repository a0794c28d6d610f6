"""A page that somebody sent, looked through in a process of its own: its patterns are theirs, and a pattern can take for ever.
Run by `bot.cases.files` as `python -m capabilities.sent FILE`; prints one JSON object with `offers` and `problems`.
"""

import json
import resource
import sys
from pathlib import Path

from capabilities.library import Library
from capabilities.lint import lint

SECONDS = 5
"""Of CPU time; the kernel ends what takes longer."""
MEMORY = 1 << 30


def look(path: Path) -> dict[str, list[object]]:
    """What a page offers, (title, risk), and what is wrong with it, (line, words, whether that is only a warning)."""
    problems = [
        (each.line, f"{each.what} {each.mend}".replace(str(path), "it"), each.warning)
        for each in lint((path,))
    ]
    sections = Library((), own=path).sections()
    return {
        "offers": [f"{section.title} ({section.risk})" for section in sections],
        "problems": list(problems),
    }


def main(path: str) -> None:
    """Within its limits."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.stdout.write(json.dumps(look(Path(path))))


if __name__ == "__main__":
    main(sys.argv[1])
