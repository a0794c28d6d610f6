"""The floor holds, whatever a pack, an agent's variables or an approval say."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.model.plans import Agent, Step
from bot.model.sections import Refusal
from capabilities.guard import StepGuard
from capabilities.library import Library, built_in
from capabilities.render import SectionRenderer
from tests.acceptance.conftest import Bot
from tests.hostile.conftest import pending

PAGE = """\
# Floor

## How to do it
- Risk: destroy
{parameters}

```bash
{line}
```
"""


def refusal(tmp_path: Path, line: str, **slots: str) -> Refusal | None:
    """What the guard says of one command line with these slots, on an agent that works in the data folder."""
    pack = tmp_path / "pack"
    pack.mkdir(exist_ok=True)
    parameters = f"- Parameters: {', '.join(slots)}" if slots else "- Aliases: do it"
    (pack / "floor.md").write_text(PAGE.format(line=line, parameters=parameters), "utf8")
    data = tmp_path / "data"
    (data / "keys").mkdir(parents=True, exist_ok=True)
    for name in ("owner.lock", "parley.db", "keys/audit.key"):
        (data / name).touch()
    library, agent = Library([pack]), Agent("box", "local:", ("floor",), 3)
    section = library.section("floor/do-it")
    assert section is not None, library.problems
    rendered = SectionRenderer().render(section, dict(slots), agent)
    assert not isinstance(rendered, Refusal), rendered
    values, made = rendered
    step = Step("s1", agent, "here", section, values, made.actions, rollback=made.rollback)
    return StepGuard((data, data / "keys", built_in())).check(step)


@pytest.mark.parametrize(
    "line",
    [
        "cat parley.db",
        "cat keys/audit.key",
        "somedb parley.db",
        "somedb --file=parley.db",
        "somedb ./keys/../parley.db",
        "tail -n 5 /proc/self/cwd/parley.db",
        "cat /proc/1/environ",
        "cp /etc/hostname /proc/self/cwd/parley.db",
        "rm -rf /proc/self/root/etc",
    ],
)
def test_no_way_leads_into_the_data_folder(tmp_path: Path, line: str) -> None:
    found = refusal(tmp_path, line)
    assert found is not None
    assert found.rule == "floor"


def test_a_name_from_chat_is_no_way_into_the_data_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path, "cat {name}", name="parley.db") is not None
    assert refusal(tmp_path, "cat {name}", name="motd") is None


def test_no_plan_ends_the_bot(tmp_path: Path) -> None:
    assert refusal(tmp_path, "kill -TERM {id}", id=str(os.getpid())) is not None
    assert refusal(tmp_path, "kill -TERM {id}", id="999999") is None


def test_what_stands_around_the_floor_is_free(tmp_path: Path) -> None:
    for line in ("cat /proc/loadavg", "ls -l /proc/1", "systemctl restart nginx", "df -h"):
        assert refusal(tmp_path, line) is None, line


def test_no_plan_writes_into_what_is_the_bot_s_own(
    box: Callable[..., Path], bots: Callable[[Path], Bot], tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to("data")
    places = {
        "inner": tmp_path / "data",
        "keys": tmp_path / "data" / "keys",
        "packs": tmp_path / "packs",
        "linked": tmp_path / "link",
        "builtin": built_in() / "demo-site",
    }
    agents = (
        f"""
[[agents]]
name = "{name}"
packs = ["marks"]
level = 3
vars = {{ folder = "{folder}" }}
"""
        for name, folder in places.items()
    )
    bot = bots(box(more="".join(agents)))
    for name in places:
        bot.hears(f"@infra mark slowly on {name} name hello", thread=name)
        said = bot.says("refusal", "plan", thread=name)
        assert "belongs to the bot itself" in said["text"], name


def test_a_link_that_appears_after_the_approval_leads_nowhere(
    box: Callable[..., Path], bots: Callable[[Path], Bot], marks: Path, tmp_path: Path
) -> None:
    bot = bots(box())
    card = pending(bot, "@infra mark slowly on box name hello")
    shutil.rmtree(marks)
    marks.symlink_to(tmp_path / "data")
    bot.reacts("✅", card)
    result = bot.says("result")
    assert result["report"]["run"]["state"] == "failed"
    assert "belongs to the bot itself" in result["text"]
    assert not (tmp_path / "data" / "hello.begun").exists()


def test_a_database_elsewhere_and_the_file_of_a_secret_are_in_the_floor(
    box: Callable[..., Path], bots: Callable[[Path], Bot], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "hello.begun").write_text("secret words", encoding="utf8")
    matrix = """
[chat.matrix]
homeserver = "http://127.0.0.1:9"
user = "@a:b"
password = "file:elsewhere/hello.begun"
"""
    bot = bots(box(folder=elsewhere, more=matrix))
    bot.hears("@infra mark slowly on box name hello")
    assert "belongs to the bot itself" in bot.says("refusal", "plan")["text"]
