"""What every attack needs: the acceptance tests' real process, and a pack whose commands only leave marks."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import Bot, bots, configure, sites

__all__ = ["bots", "configure", "sites"]

PACK = """\
# Marks

## Aliases
- marks

## How to mark slowly
- Aliases: mark slowly
- Risk: change
- Parameters: name
- Example: mark slowly with name hello

```bash
touch {folder}/{name}.begun
sleep {seconds}
touch {folder}/{name}.ended
```

### Rollback
```bash
rm -f -- {folder}/{name}.begun {folder}/{name}.ended
```

## How to stamp a name
- Aliases: stamp
- Risk: change
- Parameters: name
- Example: stamp a name with name hello

```bash
touch {folder}/{name}.stamp
```

### Preview
```bash
ls -1 {folder}
```
- Compare: lines

### Rollback
```bash
rm -f -- {folder}/{name}.stamp
```

## How to read the gate
- Aliases: read the gate
- Risk: read
- Example: read the gate

```bash
cat {folder}/gate
```

## How to seal a name
- Aliases: seal
- Risk: change
- Parameters: name
- Example: seal a name with name hello

```bash
touch {folder}/{name}.seal
```

### Preview
```bash
cat {folder}/gate
```
- Compare: lines

## Parameters
| name    | type | rule                   | description        |
|---------|------|------------------------|--------------------|
| folder  | path | from agent             | where the marks go |
| name    | name |                        | the mark's name    |
| seconds | int  | from agent; default 30 | how long it takes  |
"""

BOX = """
[capabilities]
paths = ["packs"]

[[agents]]
name = "box"
target = "local:"
packs = ["marks"]
level = {level}
vars = {{ folder = "{folder}", seconds = {seconds} }}
"""


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """The folder that the pack's commands write in."""
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


@pytest.fixture
def box(configure: Callable[..., Path], tmp_path: Path, marks: Path) -> Callable[..., Path]:
    """Writes a configuration with the agent `box`, whose pack is `marks`."""
    pack = tmp_path / "packs"
    pack.mkdir()
    (pack / "marks.md").write_text(PACK, encoding="utf8")

    def write(seconds: int = 0, level: int = 3, folder: Path = marks, more: str = "") -> Path:
        return configure(BOX.format(folder=folder, seconds=seconds, level=level) + more)

    return write


def pending(bot: Bot, text: str, thread: str = "t1") -> str:
    """Ask for a change; the message id of its card, once it is there."""
    bot.hears(text, thread=thread)
    message: str = bot.says("plan", thread=thread)["message"]
    return message


def open_gate(marks: Path, text: str) -> None:
    """Let whoever reads `gate` (a pipe) read this; waits until somebody does."""
    with (marks / "gate").open("w", encoding="utf8") as gate:
        gate.write(text)


def database(tmp_path: Path) -> sqlite3.Connection:
    """The bot's database, while the bot is not running."""
    return sqlite3.connect(tmp_path / "data" / "parley.db")
