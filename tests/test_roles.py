"""What agents are for: the configuration's words, and who is told of them."""

from pathlib import Path
from typing import Any

import pytest

from bot.config import Configuration, build
from bot.llm import told_of
from bot.model.errors import ConfigurationError
from bot.redact import SecretRedactor
from bot.roles import KNOWN, LONGEST

AGENTS = [
    {"name": "web1", "packs": [], "role": "infra"},
    {"name": "db1", "packs": [], "role": "dba"},
    {"name": "web2", "packs": [], "role": "infra"},
    {"name": "other", "packs": []},
]


def built(folder: Path, prompt: str | None = None, **more: Any) -> Configuration:
    table: dict[str, Any] = {"agents": AGENTS, **more}
    if prompt is not None:
        (folder / "dba.md").write_text(prompt, encoding="utf8")
        table["roles"] = {"dba": {"prompt": "dba.md"}}
    return build(table, None, folder, {})


def test_a_role_is_all_who_carry_it(tmp_path: Path) -> None:
    infra, dba = built(tmp_path).roles
    assert (infra.name, infra.agents, infra.about) == ("infra", ("web1", "web2"), KNOWN["infra"])
    assert (dba.name, dba.agents, dba.about, dba.prompt) == ("dba", ("db1",), "", "")


@pytest.mark.parametrize(
    ("text", "about", "prompt"),
    [
        (
            "# Role\n\nKeeps data. Says little.\n",
            "Keeps data.",
            "# Role\n\nKeeps data. Says little.",
        ),
        ("Keeps\ndata\n\nMore.", "Keeps data", "Keeps\ndata\n\nMore."),
        ("---\ndescription: Keeps  it.\nmodel: x\n---\nDo it.", "Keeps it.", "Do it."),
        ("---\nname: dba\n---\n# Only\n\nThis.", "This.", "# Only\n\nThis."),
        ("# Nothing but a heading", "", "# Nothing but a heading"),
        ("", "", ""),
    ],
)
def test_a_prompt_file_and_its_first_sentence(
    tmp_path: Path, text: str, about: str, prompt: str
) -> None:
    dba = built(tmp_path, text).roles[1]
    assert (dba.about, dba.prompt) == (about, prompt)


def test_no_plan_may_write_a_prompt_file(tmp_path: Path) -> None:
    assert tmp_path / "dba.md" in built(tmp_path, "Keeps data.").floor


@pytest.mark.parametrize(
    ("text", "why"), [("x" * (LONGEST + 1), "Make it shorter"), ("---\na: [\n---\nx", "no YAML")]
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        built(tmp_path, text)


def test_what_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "dba.md").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="is not UTF-8"):
        built(tmp_path, roles={"dba": {"prompt": "dba.md"}})


@pytest.mark.parametrize(
    ("prompt", "private"),
    [
        ("Ask db7.internal first.", True),
        ("The replica is 10.1.2.3.", True),
        ("Its key is hunter2hunter2.", True),
        ("Ask for project falcon.", True),
        ("Keeps data.", False),
    ],
)
def test_words_that_are_private_are_for_models_at_home(
    tmp_path: Path, prompt: str, private: bool
) -> None:
    configuration = built(tmp_path, prompt)
    told = told_of(configuration.roles, SecretRedactor(("hunter2hunter2",)), ("falcon*",))[1]
    assert told.private is private
    assert "hunter2" not in told.prompt + told.about


def test_a_role_that_is_private_by_its_name_is_for_models_at_home(tmp_path: Path) -> None:
    told = told_of(built(tmp_path).roles, SecretRedactor(()), ("dba*",))
    assert {role.name: role.private for role in told} == {"infra": False, "dba": True}
