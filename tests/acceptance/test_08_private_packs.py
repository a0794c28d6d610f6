"""A pack that is for models at home only: nothing of what is done with it is told outside, whatever comes of it in its thread."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import Bot
from tests.servers.scripted_model import Pick, Picks, ScriptedModel, asking, serving, step, table

NO = Pick("nothing_fits", {"why": "Not mine."})
OUTSIDE = "local = false"
PACK = """\
---
name: payroll
description: Salaries.
metadata:
  parley-privacy: local
---
# Payroll

## Parameters
| name   | type | rule       | description        |
|--------|------|------------|--------------------|
| folder | path | from agent | where the marks go |
| name   | name |            | whose              |

## How to show the salary of somebody
- Aliases: salary, wage
- Risk: read
- Parameters: name
- Example: show the salary of "miller"

```bash
echo {name} earns 4711
```

## How to pay somebody out
- Aliases: payout
- Risk: change
- Parameters: name
- Example: payout "miller"

```bash
touch {folder}/{name}.begun
cat {folder}/secret {folder}/there-is-no-such-file
```

### Rollback
```bash
rm -f -- {folder}/{name}.begun
```
"""


@pytest.fixture
def outside() -> Iterator[ScriptedModel]:
    with serving(ScriptedModel()) as model:
        model.says(NO)
        yield model


@pytest.fixture
def home() -> Iterator[ScriptedModel]:
    with serving(ScriptedModel()) as model:
        yield model


@pytest.fixture
def start(
    configure: Callable[..., Path], bots: Callable[[Path], Bot], tmp_path: Path
) -> Callable[[str], Bot]:
    """A bot with the pack; the argument is its models."""
    packs = tmp_path / "packs"
    packs.mkdir()
    (packs / "payroll.md").write_text(PACK, encoding="utf8")

    def started(llm: str) -> Bot:
        path = configure(f'{llm}[capabilities]\npaths = ["packs"]\n', packs=', "payroll"')
        text = path.read_text(encoding="utf8")
        path.write_text(
            text.replace("vars = { ", f'vars = {{ folder = "{tmp_path}", '), encoding="utf8"
        )
        return bots(path)

    return started


@pytest.fixture
def with_home(
    start: Callable[[str], Bot], home: ScriptedModel, outside: ScriptedModel
) -> Callable[..., Bot]:
    """A bot with a model at home and one outside, asked in this order."""

    def started(*order: str) -> Bot:
        tables = table(outside, more=OUTSIDE) + table(home, "ollama")
        names = ", ".join(f'"{name}"' for name in order)
        return start(f"[llm]\norder = [{names}]\n{tables}")

    return started


def test_a_further_word_about_it_is_told_to_nobody_outside(
    start: Callable[[str], Bot], outside: ScriptedModel
) -> None:
    bot = start(asking(outside, more=OUTSIDE))
    bot.hears('@infra show the salary of "miller"')
    assert "miller earns 4711" in bot.says("answer")["text"]
    bot.hears("@infra and is that a lot?")
    bot.says("refusal", "answer", "question")
    assert outside.asked == []
    bot.hears("@infra and is that a lot?", thread="t2")
    bot.says("refusal", thread="t2")
    assert len(outside.asked) == 1, "in another thread it may be asked"
    assert "miller" not in outside.words


def test_the_answer_to_a_question_about_it_is_told_to_nobody_outside(
    with_home: Callable[..., Bot], outside: ScriptedModel, home: ScriptedModel
) -> None:
    """The one at home asks, and fails when the answer comes."""
    home.says(Pick("ask_the_person", {"question": "Whose? The boss earns 4711.", "choices": []}))
    home.script.append(Picks(status=401))
    bot = with_home("openai", "ollama")
    bot.hears("@infra show the salary please")
    bot.says("question")
    bot.hears("smithers")
    bot.says("refusal", "answer", "question")
    assert len(home.asked) == 2
    assert outside.asked == []


def test_a_repair_of_it_is_thought_about_by_nobody_outside(
    with_home: Callable[..., Bot], outside: ScriptedModel, home: ScriptedModel, tmp_path: Path
) -> None:
    """Nothing in alice's words says what it is about: the plan does, and so does what the machine has put out."""
    (tmp_path / "secret").write_text("miller earns 4711\n", encoding="utf8")
    home.says(step("payroll/pay-somebody-out", name="miller"))
    home.script.append(Picks(status=401))
    bot = with_home("ollama", "openai")
    bot.hears('@infra do the usual monthly thing for "miller"')
    card = bot.says("plan")
    bot.reacts("✅", card["message"])
    assert "failed" in bot.says("result")["text"]
    bot.end()
    assert len(home.asked) == 2, "the one at home was asked for a repair"
    assert outside.asked == []
