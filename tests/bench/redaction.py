"""Redaction of a megabyte of ordinary log, of one message, and how many planted secrets it finds."""

import time

from bot.redact import SecretRedactor
from tests.bench.rows import Row
from tests.redaction.ordinary import Ordinary
from tests.redaction.planted import plants

HELD = tuple(f"a-secret-of-the-bot-{number}" for number in range(6))
MESSAGE = (
    "@infra create a site shop.example.org on web1, please, and show me the logs of the last hour"
)


def rows(*, quick: bool = False) -> list[Row]:
    """The best of a few rounds; the first one, in which the patterns are compiled, is left out."""
    redactor = SecretRedactor(HELD)
    text = Ordinary(7).text(1_000_000)
    rounds = 2 if quick else 5
    whole = best(redactor, text, rounds)
    letters = best(redactor, text.encode("ascii", "replace").decode(), rounds)
    message = best(redactor, MESSAGE, 50 * rounds)
    planted = tuple(plants())
    gone = sum(plant.secret not in redactor.redact(plant.line) for plant in planted)
    return [
        Row("redaction, 1 MB of log", whole, "s", aim=0.7),
        Row("redaction, 1 MB of log, ASCII", letters, "s", aim=0.7),
        Row("redaction, one message", message * 1e6, "µs"),
        Row(
            "redaction, planted secrets gone",
            gone,
            "",
            len(planted),
            "planted",
            1.0,
            "more",
            "ratio",
        ),
        Row("redaction, false hits in 1 MB", redactor.redact(text).count("•••"), "", aim=0.0),
    ]


def best(redactor: SecretRedactor, text: str, rounds: int) -> float:
    """Seconds."""
    redactor.redact(text)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        redactor.redact(text)
        times.append(time.perf_counter() - start)
    return min(times)
