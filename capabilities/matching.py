"""Regular expressions over what a machine said, in a process of their own that the kernel ends: an expression may take for ever,
and what it is searched in comes from outside. Run by `filling` as `python -I -S matching.py`; only the standard library.

Its input is a line of JSON, a list of expressions, and behind it the raw bytes; it prints a JSON list with the first group of
each expression's first match, null where there is none.
"""

import json
import re
import resource
import sys

SECONDS = 2
"""Of CPU time."""
MEMORY = 1 << 29


def match(expression: str, text: str) -> str | None:
    """`^` and `$` are the ends of a line."""
    found = re.search(expression, text, re.MULTILINE)
    return found[1] if found else None


def main() -> None:
    """Within its limits."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    expressions, _, said = sys.stdin.buffer.read().partition(b"\n")
    text = said.decode(errors="replace")
    sys.stdout.write(json.dumps([match(each, text) for each in json.loads(expressions)]))


if __name__ == "__main__":
    main()
