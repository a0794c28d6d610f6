"""A real `parley` process: a token in a command's output, a file's name, a message or a thread's words is nowhere afterwards."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bot.redact import MASK
from tests.acceptance.conftest import PARLEY, Bot
from tests.hostile.conftest import pending
from tests.redaction.planted import ALNUM, mixed

TOKENS = {
    place: f"ghp_{mixed(ALNUM, 36)}"
    for place in ("output", "name", "listed", "said", "reason", "stop")
}
KEY = "\n".join(base64.b64encode(bytes([number]) * 48).decode() for number in range(20))


def exported(configuration: Path) -> str:
    return subprocess.run(
        [PARLEY, "-c", configuration, "audit", "export"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def leaks(text: str) -> list[str]:
    return [place for place, token in TOKENS.items() if token in text] + ["key"] * (
        KEY[:64] in text
    )


def test_a_token_is_nowhere(
    box: Callable[..., Path], bots: Callable[[Path], Bot], marks: Path, tmp_path: Path
) -> None:
    (marks / f"backup-{TOKENS['listed']}").touch()
    shown = f"deploying as \x1b[1m{TOKENS['output'][:9]}\x1b[0m{TOKENS['output'][9:]} to web1\n-----BEGIN PRIVATE KEY-----\n{KEY}\n"
    (marks / "gate").write_text(shown, encoding="utf8")
    configuration = box()
    bot = bots(configuration)
    card = pending(bot, "@infra stamp on box name hello")  # its Preview lists the folder
    bot.hears(f"reject {card[-4:]} it uses {TOKENS['reason']}", by="bob")
    bot.hears("@infra read the gate on box", thread="t2")
    answer = bot.says("answer", thread="t2")["text"]
    assert f"deploying as {MASK} to web1" in answer
    bot.hears(f"@infra stamp on box name {TOKENS['said']}", thread="t3")
    bot.says("refusal", "question", "plan", "answer", thread="t3")
    file = tmp_path / f"{TOKENS['name']}.log"
    file.write_text("x\n")
    bot.line({"as": "alice", "file": str(file), "thread": "t4"})
    assert f"{MASK}.log" in bot.says("answer", thread="t4")["text"]
    bot.hears(f"@infra stop: {TOKENS['stop']} leaked", thread="t5")
    bot.says("answer", thread="t5")
    bot.end()
    assert bot.process.stderr is not None
    assert leaks(bot.process.stderr.read()) == []
    assert leaks(json.dumps(bot.heard, ensure_ascii=False)) == []
    export = exported(configuration)
    assert leaks(export) == []
    assert f"{MASK} leaked" in export
    for each in (tmp_path / "data").rglob("*"):
        assert not each.is_file() or leaks(each.read_bytes().decode("latin1")) == [], each


LOGGING = """
import logging, sys
from bot.redact import SecretRedactor
from bot.redaction.logs import cover
if sys.argv[2] == "run":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
cover(SecretRedactor(["our-own-s3cret"]))
log = logging.getLogger("test")
log.warning("refused %s and %s", sys.argv[1], "our-own-s3cret")
try:
    raise ValueError(f"https://bob:hunter2@example.org and {sys.argv[1]}")
except ValueError:
    log.exception("broke")
"""


def test_the_log(tmp_path: Path) -> None:
    """With handlers, as `parley run` has them, and without, as `parley chat`; a traceback is in it too."""
    for way, before in (("run", "WARNING test: "), ("chat", "")):
        done = subprocess.run(
            [sys.executable, "-c", LOGGING, TOKENS["said"], way],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stderr.startswith(f"{before}refused {MASK} and {MASK}\n")
        assert f"ValueError: https://bob:{MASK}@example.org and {MASK}\n" in done.stderr
        assert "Traceback" in done.stderr
        assert leaks(done.stderr) == []
