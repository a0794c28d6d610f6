"""Standard input and output of commands, a line each. Used by those whose output is read by programs."""

import json
import sys
from collections.abc import Iterator
from typing import Any


def read() -> Iterator[str]:
    """Lines of standard input, whatever bytes they are."""
    for raw in sys.stdin.buffer:
        yield raw.decode("utf-8", "replace").rstrip("\r\n")


def say_object(value: dict[str, Any]) -> None:
    say(json.dumps(value))


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
