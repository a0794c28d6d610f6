"""Regular expressions over what a machine said, in a process of their own that the kernel ends: an expression may take for ever,
and what it is searched in comes from outside. Run by `filling` as `python -I -S matching.py`; only the standard library.

Its input is a line of JSON, `{"expressions": […], "lines": …, "most": …}`, and behind it the raw bytes; it prints a JSON list with,
for each expression, the first group of its first `most` matches, or the whole of each where it has no group. With `lines`, `^` and `$`
are the ends of a line.
"""

import itertools
import json
import re
import resource
import sys

SECONDS = 2
"""Of CPU time."""
MEMORY = 1 << 29


def matches(expression: str, text: str, *, lines: bool, most: int) -> list[str | None]:
    """Null for a group that took no part."""
    found = re.finditer(expression, text, re.MULTILINE if lines else 0)
    return [each[each.re.groups and 1] for each in itertools.islice(found, most)]


def main() -> None:
    """Within its limits."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asked, _, said = sys.stdin.buffer.read().partition(b"\n")
    text, told = said.decode(errors="replace"), json.loads(asked)
    lines, most = told["lines"], told["most"]
    found = [matches(each, text, lines=lines, most=most) for each in told["expressions"]]
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
