"""deploy/example.toml shows every setting there is: each field of each table and of each adapter, set or as a comment."""

import re
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from bot.settings import File

EXAMPLE = (Path(__file__).parent.parent / "deploy/example.toml").read_text(encoding="utf8")
TABLES_BY_NAME = frozenset({"roles"})
"""Tables below which there is one for each name that the team gives."""
_TABLE = re.compile(r"^\[+([\w.]+)\]+", re.MULTILINE)


def shown() -> dict[str, set[str]]:
    """The keys under each header of the file, those in comments among them. A header that comes twice counts as one."""
    found: dict[str, set[str]] = {}
    _, *pieces = _TABLE.split(EXAMPLE)
    for name, body in zip(pieces[::2], pieces[1::2], strict=True):
        keys = re.findall(r"^(?:# )?(\w+) = ", body, re.MULTILINE)
        of_names = name.partition(".")[0]
        found.setdefault(of_names if of_names in TABLES_BY_NAME else name, set()).update(keys)
    return found


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The tables inside a field's type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from models(each)


def tables() -> Iterator[tuple[str, type[BaseModel]]]:
    """Each header and what may stand below it: the bot's own tables, then the adapters' that have settings in this file."""
    for name, field in File.model_fields.items():
        for model in models(field.annotation):
            yield name, model
    for group, header in (("chat", "chat.{}"), ("llm", "llm.{}"), ("speech", "speech")):
        for entry in entry_points(group=f"parley.{group}"):
            yield header.format(entry.name), entry.load().settings


@pytest.mark.parametrize(("name", "model"), list(tables()))
def test_every_setting_is_shown(name: str, model: type[BaseModel]) -> None:
    assert set(model.model_fields) <= shown()[name]


def test_nothing_else_is_shown() -> None:
    """What is taken out of the settings goes out of the example, too; what stands in comments is not read otherwise."""
    known: dict[str, set[str]] = {}
    for name, model in tables():
        known.setdefault(name, set()).update(model.model_fields)
    chats = {name.partition(".")[2] for name in known if name.startswith("chat.")}
    for name, keys in shown().items():
        more = {"kind"} if name.startswith(("chat.", "llm.", "speech")) else set()
        more |= chats if name == "people" else set()
        assert keys <= known[name] | more, name


def test_the_tables_are_all_there() -> None:
    known = {name for name, _ in tables()}
    assert known == set(shown())
    assert len(known) >= 12
