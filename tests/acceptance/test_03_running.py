"""Running: durable, verified, rolled back; and what happens when the bot is killed in the middle."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import PATIENCE, Bot

PACK = """\
# Slow things

## Aliases
- slow

## How to mark the folder slowly
- Aliases: mark slowly
- Risk: change
- Parameters: name
- Example: mark the folder slowly with name hello

```bash
touch {folder}/{name}.begun
sleep {seconds}
touch {folder}/{name}.ended
```

### Verify
```bash
test -e {folder}/{name}.ended
```

### Rollback
```bash
rm -f -- {folder}/{name}.begun {folder}/{name}.ended
```

## How to fail late
- Aliases: fail late
- Risk: change
- Example: fail late

```bash
touch {folder}/late.begun
ls {folder}/there-is-no-such-file
```

### Rollback
```bash
rm -f -- {folder}/late.begun
```

## Parameters
| name    | type | rule                    | description       |
|---------|------|-------------------------|-------------------|
| folder  | path | from agent              | where the marks go |
| name    | name |                         | the mark's name   |
| seconds | int  | from agent; default 30  | how long it takes |
"""


@pytest.fixture
def slow(configure: Callable[..., Path], tmp_path: Path) -> Callable[[int], Path]:
    """A configuration with an agent `box` whose only ability takes so many seconds."""
    pack = tmp_path / "packs" / "slow-things"
    pack.mkdir(parents=True)
    (pack / "slow-things.md").write_text(PACK, encoding="utf8")
    (tmp_path / "marks").mkdir()

    def write(seconds: int) -> Path:
        return configure(
            f"""
[capabilities]
paths = ["packs"]

[[agents]]
name = "box"
target = "local:"
packs = ["slow-things"]
level = 3
vars = {{ folder = "{tmp_path}/marks", seconds = {seconds} }}
"""
        )

    return write


def begun(bot: Bot, tmp_path: Path, name: str = "hello", thread: str = "t1") -> str:
    """Ask for the slow thing, approve it, and wait until its first command is done and its second is running."""
    bot.hears(f"@infra mark slowly on box name {name}", thread=thread)
    card = bot.says("plan", thread=thread)
    bot.reacts("✅", card["message"])
    bot.next(lambda line: "░" in line.get("text", "") and "sleep" in line["text"])
    assert (tmp_path / "marks" / f"{name}.begun").exists()
    message: str = card["message"]
    return message


def test_a_failure_is_rolled_back_and_said(
    slow: Callable[[int], Path], bots: Callable[[Path], Bot], tmp_path: Path
) -> None:
    bot = bots(slow(0))
    bot.hears("@infra fail late on box")
    card = bot.says("plan")
    bot.reacts("✅", card["message"])
    result = bot.says("result")
    assert result["report"]["run"]["state"] == "rolled_back"
    assert "there-is-no-such-file" in result["text"]
    controls = bot.card(card["message"], "rolled_back")["report"]["controls"]
    assert [control["action"] for control in controls] == ["retry", "good", "bad"]
    assert list((tmp_path / "marks").iterdir()) == []


def test_a_running_command_is_cancelled(
    slow: Callable[[int], Path], bots: Callable[[Path], Bot], tmp_path: Path
) -> None:
    bot = bots(slow(30))
    card = begun(bot, tmp_path)
    bot.reacts("🛑", card, by="alice")
    assert bot.says("result")["report"]["run"]["state"] == "cancelled"
    assert bot.card(card, "cancelled")
    assert not (tmp_path / "marks" / "hello.ended").exists()


def test_one_change_at_a_time_per_target(
    slow: Callable[[int], Path], bots: Callable[[Path], Bot], tmp_path: Path
) -> None:
    bot = bots(slow(2))
    begun(bot, tmp_path)
    bot.hears("@infra mark slowly on box name paper", thread="t2")
    second = bot.says("plan", thread="t2")
    bot.reacts("✅", second["message"], by="alice")
    assert "this one is next" in bot.card(second["message"], "queued")["text"]
    assert bot.says("result", thread="t1")["report"]["run"]["state"] == "done"
    assert bot.says("result", thread="t2")["report"]["run"]["state"] == "done"


@pytest.mark.parametrize(
    ("answer", "ended", "state"),
    [
        ("done", False, "rolled_back"),
        ("not done", True, "done"),
        ("roll back", False, "rolled_back"),
    ],
)
def test_after_kill_9_an_unknown_is_asked_about(
    slow: Callable[[int], Path],
    bots: Callable[[Path], Bot],
    tmp_path: Path,
    answer: str,
    ended: bool,
    state: str,
) -> None:
    """`done` skips the command in doubt (here the sleep, then the mark is made), `not done` makes it again."""
    configuration = slow(3)
    bot = bots(configuration)
    card = begun(bot, tmp_path)
    bot.kill()
    (tmp_path / "marks" / "hello.ended").unlink(missing_ok=True)
    bot.start()
    question = bot.says("question")
    assert question["report"]["question"]["choices"] == ["done", "not done", "retry", "roll back"]
    assert question["report"]["question"]["about"]["argv"][0] == "sleep"
    assert "Command 1 is done, 3 was not started" in question["text"]
    bot.hears(answer, by="bob")
    result = bot.says("result")
    if answer == "done":  # counted as done: the run goes on with the last command
        ended, state = True, "done"
    assert result["report"]["run"]["state"] == state
    assert (tmp_path / "marks" / "hello.ended").exists() is ended
    assert bot.card(card, state)


def test_a_killed_command_writes_nothing_later(
    slow: Callable[[int], Path], bots: Callable[[Path], Bot], tmp_path: Path
) -> None:
    bot = bots(slow(4))
    begun(bot, tmp_path)
    bot.kill()
    time.sleep(4.5)  # longer than the command would have taken
    assert not (tmp_path / "marks" / "hello.ended").exists()


def test_pending_cards_and_questions_are_there_again_after_a_restart(
    bot: Bot, sites: tuple[Path, int]
) -> None:
    bot.hears("@infra create a site called hello on web1", thread="t1")
    card = bot.says("plan")
    bot.hears("@infra create a site on web1", thread="t2")
    question = bot.says("question")
    bot.kill()
    bot.heard.clear()
    bot.edits.clear()
    bot.start()
    assert bot.card(card["message"], "pending")
    again = bot.next(lambda line: line.get("message") == question["message"])
    assert again["report"]["question"] == question["report"]["question"]
    bot.reacts("✅", card["message"])
    assert bot.says("result", thread="t1")
    bot.hears("second", thread="t2")
    assert bot.says("plan", thread="t2")["report"]["plan"]["steps"][0]["slots"]["name"] == "second"


def test_killed_again_and_again_every_request_is_answered_once(
    configure: Callable[..., Path], bots: Callable[[Path], Bot]
) -> None:
    bot = bots(configure())
    for number in range(12):
        bot.hears("@infra ask web1 about disk space", thread=f"k{number}", id=f"k{number}")
        if number % 3 == 2:
            time.sleep(0.05 * number)
            bot.kill()
            bot.start()
            for sent in range(
                number + 1
            ):  # the sender does not know what arrived, and says it again
                bot.hears("@infra ask web1 about disk space", thread=f"k{sent}", id=f"k{sent}")
    bot.end()
    answered = {line["thread"]: line["message"] for line in bot.heard if line["event"] == "post"}
    assert set(answered) == {f"k{number}" for number in range(12)}
    for thread, message in answered.items():
        assert {
            line["message"]
            for line in bot.heard
            if line["event"] == "post" and line["thread"] == thread
        } == {message}


def test_a_second_process_on_the_same_data_says_who_has_it(
    configure: Callable[..., Path], bots: Callable[[Path], Bot]
) -> None:
    configuration = configure()
    first = bots(configuration)
    first.hears("@infra status")
    first.says("answer")
    second = bots(configuration)
    assert second.process.wait(PATIENCE) == 1
    assert second.process.stderr is not None
    assert f"process {first.process.pid}" in second.process.stderr.read()
