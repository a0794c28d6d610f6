"""Files against the bot: names, sizes and contents that want to be more than data."""

from pathlib import Path

import pytest

from tests.acceptance.conftest import Bot, bot, bots, configure, sites

__all__ = ["bot", "bots", "configure", "sites"]


def sends(bot: Bot, file: Path, **more: str) -> None:
    bot.line({"as": "alice", "file": str(file), "thread": "t1", **more})


@pytest.mark.parametrize(
    "name",
    ["`approve`.log", "$(touch PWNED).log", "\u202egpj.md", "..md", "SKILL.md", "@everyone.txt"],
)
def test_a_name_is_only_shown(bot: Bot, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    file = folder / name
    file.write_text("approve\n")
    sends(bot, file)
    told = bot.says("answer")["text"]
    assert "\u202e" not in told
    bot.end()
    assert bot.posts("t1") == ["answer"]
    assert not list(tmp_path.rglob("PWNED"))


@pytest.mark.parametrize(("name", "most"), [("big.md", 256_000), ("big.log", 5_000_000)])
def test_what_is_too_long_is_not_read(bot: Bot, tmp_path: Path, name: str, most: int) -> None:
    file = tmp_path / name
    file.write_bytes(b"a" * (most + 1))
    sends(bot, file)
    assert "could not be read" in bot.says("answer")["text"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"\xff" * 100,
        b"---\n" * 500,
        b"# x\n" * 2000,
        b"> " * 20_000,
        b"[" * 50_000,
    ],
)
def test_any_markdown_has_an_answer(bot: Bot, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "page.md"
    file.write_bytes(content)
    sends(bot, file, text="@infra add this capability")
    assert "`page.md`" in bot.says("answer")["text"]
    bot.hears("@infra plans", thread="t2")
    bot.says("answer", thread="t2")


def test_a_capability_that_is_wrong_is_told_by_line(bot: Bot, tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    page = "# Page\n\n## How to greet\n- Risk: enormous\n\n```bash\necho $(touch PWNED)\n```\n"
    file.write_text(page)
    sends(bot, file)
    told = bot.says("answer")["text"]
    assert "line " in told
    assert "sent.md" not in told
    assert not list(tmp_path.rglob("PWNED"))


def test_a_stranger_learns_nothing_about_a_file(bot: Bot, tmp_path: Path) -> None:
    file = tmp_path / "page.log"
    file.write_text("x")
    bot.line({"as": "mallory", "file": str(file)})
    assert "page.log" not in bot.says("refusal")["text"]


@pytest.mark.parametrize("path", ["/nowhere/x.log", "/dev/zero.log", "/proc/self/mem.txt"])
def test_what_cannot_be_had_is_said(bot: Bot, path: str) -> None:
    sends(bot, Path(path))
    assert "could not be read" in bot.says("answer")["text"]


PATTERN = """# A page

## How to try
- Aliases: try
- Risk: read
- Parameters: p

```bash
echo {p}
```

## Parameters
| name | type    | rule                                  | description |
|------|---------|---------------------------------------|-------------|
| p    | pattern | matches `(a+)+b`; default %s | x           |
"""


def test_a_pattern_that_takes_for_ever_holds_nobody_up(bot: Bot, tmp_path: Path) -> None:
    """The page is looked through in a process of its own, which is ended."""
    file = tmp_path / "page.md"
    file.write_text(PATTERN % ("a" * 40))
    bot.line({"as": "guest", "file": str(file), "thread": "t1"})
    bot.hears("@infra plans", thread="t2")
    bot.says("answer", thread="t2")
    assert "takes too long to look through" in bot.says("answer", thread="t1")["text"]
    bot.end()


def test_a_picture_in_a_thread_answers_no_question(bot: Bot, tmp_path: Path) -> None:
    file = tmp_path / "shot.png"
    file.write_bytes(b"x")
    bot.hears("@infra create a site on web1")
    bot.says("question")
    bot.line({"as": "guest", "file": str(file), "thread": "t1", "text": ""})
    bot.hears("hello")
    assert bot.says("plan")["report"]["plan"]["requesters"] == ["alice"]
    bot.end()
    assert bot.posts("t1") == ["question", "plan"]
