"""A disk that takes nothing more: it is said, nothing new is taken, and nothing that was accepted is lost."""

import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.conftest import PARLEY, PATIENCE, Bot
from tests.hostile.conftest import database, pending


@contextmanager
def full(bot: Bot, data: Path) -> Iterator[None]:
    """The write-ahead log of the bot may not grow any more, as on a disk without room."""
    size = (data / "parley.db-wal").stat().st_size
    limit = resource.RLIMIT_FSIZE
    before = resource.prlimit(bot.process.pid, limit, (size, resource.RLIM_INFINITY))
    yield
    resource.prlimit(bot.process.pid, limit, before)


def there(path: Path) -> None:
    """Wait until that file is there."""
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} never came"
        time.sleep(0.01)


def test_a_full_disk_is_said_and_what_was_accepted_goes_on_when_there_is_room(
    configure: Callable[..., Path],
    bots: Callable[[Path], Bot],
    tmp_path: Path,
    sites: tuple[Path, int],
) -> None:
    bot = bots(configure())
    card = pending(bot, "@infra create a site called hello")
    with full(bot, tmp_path / "data"):
        refused = bot.hears("@infra status", thread="t2")
        told = bot.says("error", thread="t2")
        assert "I did not take your message" in told["text"]
        assert "disk" in told["text"]
        assert "Then say it again" in told["text"]
    taken = bot.hears("@infra status", thread="t3")
    bot.says("answer", thread="t3")
    bot.reacts("✅", card)
    bot.says("result", thread="t1")
    bot.end()
    assert (sites[0] / "hello" / "index.html").is_file()
    base = database(tmp_path)
    stored = {name for (name,) in base.execute("SELECT platform_id FROM inbox")}
    assert taken in stored
    assert refused not in stored
    assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    base.close()


def test_data_that_may_only_be_read_ends_the_start_with_the_mend(
    configure: Callable[..., Path], bots: Callable[[Path], Bot], tmp_path: Path
) -> None:
    configuration, data = configure(), tmp_path / "data"
    bot = bots(configuration)
    card = pending(bot, "@infra create a site called hello")
    bot.end()
    sealed = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--ro-bind", data, data]
    if subprocess.run([*sealed, "true"], check=False).returncode:
        pytest.skip("bubblewrap cannot start here")
    done = subprocess.run(
        [*sealed, PARLEY, "-c", configuration, "chat", "--json"],
        input="",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert f"parley: The data folder {data} cannot be used: Read-only file system." in done.stderr
    assert "Traceback" not in done.stderr
    bot.close()
    bot.start()
    assert bot.card(card, "pending")
    bot.end()


def test_a_run_begins_nothing_that_cannot_be_noted_and_goes_on_when_there_is_room_again(
    box: Callable[..., Path], bots: Callable[[Path], Bot], tmp_path: Path, marks: Path
) -> None:
    """Of three commands the second is over while the disk is full: the third waits, and the first is not begun again."""
    bot = bots(box(seconds=1))
    card = pending(bot, "@infra mark slowly with name hello")
    bot.reacts("✅", card)
    there(marks / "hello.begun")
    (marks / "hello.begun").unlink()  # begun again, it would be back
    with full(bot, tmp_path / "data"):
        bot.hears("@infra status", thread="t2")
        bot.says("error", thread="t2")
        time.sleep(2)  # the second command takes one
        assert not (marks / "hello.ended").exists()
    assert "done" in bot.says("result", thread="t1")["text"]
    bot.end()
    assert (marks / "hello.ended").exists()
    assert not (marks / "hello.begun").exists()
    assert bot.edits[card][-1]["report"]["plan"]["state"] == "done"
