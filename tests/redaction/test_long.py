"""Long output is redacted beside the loop, short output at once; what is said is the same."""

import threading

import pytest

from bot.execution.output import LONG, told, told_apart
from bot.model.runs import Outcome
from bot.redact import MASK, SecretRedactor
from tests.redaction.planted import ALNUM, mixed


class Witness(SecretRedactor):
    """Remembers the thread in which it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[int] = set()

    def redact(self, text: str) -> str:
        self.threads.add(threading.get_ident())
        return super().redact(text)


@pytest.mark.parametrize("length", [0, LONG - 100, LONG + 1, 1_000_000])
async def test_where_it_is_read(length: int) -> None:
    token = f"ghp_{mixed(ALNUM, 36)}".encode()
    line = b"2026-11-20 10:00:01 web1 nginx: GET /index.html 200\n"
    outcome = Outcome(0, line * (length // len(line)) + token + b"\n", b"warning\n")
    witness = Witness()
    text = await told_apart(outcome, witness)
    assert text == told(outcome, SecretRedactor())
    assert text.endswith(f"{MASK}\nwarning\n")
    here = threading.get_ident() in witness.threads
    assert here == (len(outcome.output) + len(outcome.errors) <= LONG)
