"""Bad configuration, a broken pack, a hidden secret: one sentence with the mend, and `parley check` says what works."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import PARLEY, Bot


def run(folder: Path, *line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PARLEY, *line],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[bot]\nnaem = "x"\n', "Did you mean 'name'?"),
        ("[bto]\n", "Did you mean 'bot'?"),
        ('[[agents]]\nname = "a"\npack = ["x"]\n', "Did you mean 'packs'?"),
        ("[bot\n", "is not TOML"),
        ('[bot]\ndrain = "soon"\n', "is no duration"),
        ('[store]\nurl = "mysql://x"\n', "is not supported"),
        ('[[agents]]\nname = "a"\npacks = []\n[[agents]]\nname = "A"\npacks = []\n', "Two agents"),
        ('[[agents]]\nname = "a"\npacks = []\ntarget = "moon:x"\n', "no targets adapter named 'moon'"),
        ('[chat.irc]\nserver = "x"\n', "no chat adapter named 'irc'"),
        ('[[people]]\nname = "a"\nroels = ["x"]\n', "Did you mean 'roles'?"),
        ('[chat.matrix]\nhomeserver = "http://h"\nuser = "@b:h"\npassword = "hunter2"\n', "literal secret"),
        ('[chat.matrix]\nhomeserver = "http://h"\nuser = "@b:h"\npassword = "env:NOT_SET"\n', "Set NOT_SET"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_configuration_is_one_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "parley.toml").write_text(text, encoding="utf8")
    for command in ("check", "chat", "run"):
        said = run(tmp_path, command)
        assert said.returncode == 1
        assert sentence in said.stderr
        assert len(said.stderr.splitlines()) == 1
        assert "hunter2" not in said.stderr + said.stdout
    assert not (tmp_path / "var").exists()


def test_bad_usage_is_2(tmp_path: Path) -> None:
    assert run(tmp_path, "nonsense").returncode == 2
    assert run(tmp_path, "plans").returncode == 2
    assert run(tmp_path, "-c").returncode == 2


def test_without_configuration_everything_works(tmp_path: Path) -> None:
    said = run(tmp_path, "check")
    assert said.returncode == 0
    assert all(line.startswith("✓") for line in said.stdout.splitlines())
    lines = [json.loads(line) for line in run(tmp_path, "check", "--json").stdout.splitlines()]
    assert {line["state"] for line in lines} == {"works"}


def test_a_start_with_a_broken_pack_is_allowed_and_check_names_it(
    configure: Callable[..., Path], bots: Callable[[Path], Bot], tmp_path: Path
) -> None:
    folder = tmp_path / "packs" / "broken"
    folder.mkdir(parents=True)
    page = "# Broken\n\n## How to loop\n\n```bash\nfor x in 1 2; do ls; done\n```\n"
    (folder / "broken.md").write_text(page, encoding="utf8")
    configuration = configure('\n[capabilities]\npaths = ["packs"]\n')
    checked = run(tmp_path, "-c", str(configuration), "check")
    assert checked.returncode == 1
    assert "broken.md:6" in checked.stdout
    bot = bots(configuration)
    bot.hears("@infra ask web1 about disk space")
    assert bot.says("answer")


def test_a_pack_is_read_while_the_bot_runs_and_what_broke_stays_in_force(
    configure: Callable[..., Path], bots: Callable[[Path], Bot], tmp_path: Path
) -> None:
    folder = tmp_path / "packs" / "greetings"
    folder.mkdir(parents=True)
    agent = '\n[[agents]]\nname = "box"\ntarget = "local:"\npacks = ["greetings"]\n'
    bot = bots(configure(f'\n[capabilities]\npaths = ["packs"]\n{agent}'))
    page = "# Greetings\n\n## How to greet the world\n- Risk: read\n\n```bash\necho hello\n```\n"
    (folder / "greetings.md").write_text(page, encoding="utf8")
    answer = _until(bot, "greet the world", "answer", "before")
    assert "hello" in answer["text"]
    (folder / "greetings.md").write_text(page.replace("echo hello", "echo $HOME"), encoding="utf8")
    bot.hears("@infra greet the world on box", thread="after")
    assert "hello" in bot.says("answer", "refusal", "error", thread="after")["text"]


def _until(bot: Bot, words: str, kind: str, thread: str) -> dict[str, object]:
    """Ask again until the pack has been read: it is looked for every other second."""
    for number in range(20):
        bot.hears(f"@infra {words} on box", thread=f"{thread}{number}")
        said = bot.says("answer", "refusal", "error", thread=f"{thread}{number}")
        if said["report"]["kind"] == kind:
            return said
        bot.process.poll()
        bot.hears("@infra ask web1 about uptime", thread=f"wait{number}")
        bot.says("answer", thread=f"wait{number}")
    raise AssertionError("The pack was never read.")


def test_a_secret_that_somebody_writes_is_never_stored_or_said(
    configure: Callable[..., Path], tmp_path: Path
) -> None:
    secret = "correct-horse-battery"
    configuration = configure(
        '\n[chat.matrix]\nhomeserver = "http://127.0.0.1:1"\nuser = "@b:h"\npassword = "env:THE_SECRET"\n'
    )
    os.environ["THE_SECRET"] = secret
    try:
        bot = Bot(configuration)
    finally:
        del os.environ["THE_SECRET"]
    bot.hears(f"@infra create a site called {secret} on web1")
    bot.says("plan", "question", "refusal")
    bot.end()
    bot.close()
    assert secret not in bot.transcript()
    stored = b"".join(file.read_bytes() for file in (tmp_path / "data").iterdir() if file.is_file())
    assert secret.encode() not in stored


@pytest.mark.parametrize(
    ("look", "words", "code"),
    [("uname -s", "the same twice", 0), ("cat /proc/sys/kernel/random/uuid", "differs", 1)],
)
def test_a_preview_that_differs_by_itself_is_found(
    configure: Callable[..., Path], tmp_path: Path, look: str, words: str, code: int
) -> None:
    folder = tmp_path / "packs" / "looks"
    folder.mkdir(parents=True)
    page = "# Looks\n\n## How to mark\n- Risk: change\n- Irreversible: yes\n\n```bash\ntouch marked\n```\n\n"
    preview = f"### Preview\n```bash\n{look}\n```\n- Compare: lines\n"
    (folder / "looks.md").write_text(page + preview, encoding="utf8")
    configuration = configure('\n[capabilities]\npaths = ["packs"]\n', packs=', "looks"')
    said = run(
        tmp_path, "-c", str(configuration), "capabilities", "test", "looks/mark", "--agent", "web1"
    )
    assert words in said.stdout, said.stderr
    assert said.returncode == code
    assert not (tmp_path / "data" / "marked").exists()


def test_nobody_speaks_for_somebody_else_where_that_is_not_allowed(
    configure: Callable[..., Path], bots: Callable[[Path], Bot]
) -> None:
    configuration = configure()
    text = configuration.read_text(encoding="utf8").replace(
        "impersonate = true", "impersonate = false"
    )
    configuration.write_text(text, encoding="utf8")
    assert (
        "impersonate"
        in run(configuration.parent, "-c", str(configuration), "chat", "--as", "bob").stderr
    )
    bot = bots(configuration)
    bot.hears("@infra ask web1 about disk space", by="bob")
    assert "impersonate" in bot.next(lambda line: line["event"] == "error")["text"]
    bot.line({"id": "own", "text": "@infra ask web1 about disk space", "thread": "t2"})
    assert "I do not know this account" in bot.says("refusal")["text"]
