"""`parley approvals explain ID`, on a real database."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlmodel import SQLModel

from approvals import gate
from approvals.policy import DefaultPolicy
from bot import config
from bot.commands import approvals
from bot.model.errors import PermanentError
from bot.model.plans import Plan, digest
from bot.model.sections import Risk
from bot.store import plan_rows, plans
from bot.store.documents import dump
from tests.approvals.making import NOON, TALK, TEAM, account, plan

Run = Callable[..., int]


def save(path: Path, made: Plan) -> None:
    engine = create_engine(f"sqlite:///{path}")
    SQLModel.metadata.create_all(engine, tables=[plan_rows.TABLE])
    document = dump(made)
    request = gate.request(made, digest(document), DefaultPolicy(), TEAM, NOON)
    with engine.begin() as connection:
        plans.save(connection, document, request, TALK, account("alice"), {}, quiet=False, at=NOON)
    engine.dispose()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The command as `parley` calls it, on a database with one plan."""
    configuration = config.build({"bot": {"data": str(tmp_path)}}, None, tmp_path, {})
    save(tmp_path / "parley.db", plan(Risk.CHANGE))
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    approvals.add(parser.add_subparsers(required=True))

    def call(*words: str) -> int:
        arguments = parser.parse_args(words)
        code: int = arguments.run(arguments, configuration)
        return code

    return call


def test_by_short_id(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("approvals", "explain", "7f3a") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Plan 7f3a, revision 1: change, asked by alice"
    assert (
        'Rule "default: low and change": 1 approval by an operator; one rejection ends it' in lines
    )


def test_as_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json", "approvals", "explain", plan().id) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["plan"], told["revision"], told["state"]) == (plan().id, 1, "pending")
    assert told["lines"][0].startswith("Plan 7f3a")


@pytest.mark.parametrize("name", ["ffff", "", "' OR 1=1 --", "%"])
def test_an_id_that_names_nothing(run: Run, name: str) -> None:
    with pytest.raises(PermanentError, match="There is no plan"):
        run("approvals", "explain", name)


def test_an_id_that_names_two(run: Run, tmp_path: Path) -> None:
    twin = "1" + plan().id[1:]
    save(tmp_path / "parley.db", Plan(twin, 1, "", ("bob",), TALK, plan(Risk.LOW).steps))
    with pytest.raises(PermanentError, match="2 plans end in '7f3a'"):
        run("approvals", "explain", "7f3a")
