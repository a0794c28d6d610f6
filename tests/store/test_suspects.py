"""What a dead process was thinking about is known to the next one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.model.events import Message, Reaction
from bot.model.people import Account, Conversation
from bot.store.suspects import FILE, Suspects

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALICE = Account("matrix", "@alice:example.org")


def message(id: str) -> Message:
    return Message(id, Conversation("matrix", "!room", "$t"), ALICE, "words", AT)


def test_only_the_last_turn_of_a_dead_process_is_suspect(tmp_path: Path) -> None:
    first = Suspects(tmp_path)
    assert first.note("matrix", [message(f"$a-{number}" * 9) for number in range(50)])
    assert first.note("matrix", [message("$b"), Reaction("$c", ALICE, "p1", "✅", True, AT)])
    assert not first.among("matrix", message("$b"))
    then = Suspects(tmp_path)
    assert then.among("matrix", message("$b"))
    assert then.among("matrix", Reaction("$c", ALICE, "p1", "✅", True, AT))
    assert not then.among("matrix", message("$c"))
    assert not then.among("matrix", message("$a-1" * 9))
    assert not then.among("slack", message("$b"))


def test_after_an_orderly_end_nothing_is(tmp_path: Path) -> None:
    suspects = Suspects(tmp_path)
    suspects.note("matrix", [message("$b")])
    suspects.close()
    assert not Suspects(tmp_path).among("matrix", message("$b"))


@pytest.mark.parametrize("left", [b"", b"\n", b"[1", b"\xff\xfe\n", b'{"a": 1}\n', b"7\n"])
def test_a_file_that_cannot_be_read_suspects_nobody(tmp_path: Path, left: bytes) -> None:
    (tmp_path / FILE).write_bytes(left)
    assert not Suspects(tmp_path).among("matrix", message("$b"))


def test_what_cannot_be_noted_is_said(tmp_path: Path) -> None:
    assert not Suspects(tmp_path / "nowhere").note("matrix", [message("$b")])
