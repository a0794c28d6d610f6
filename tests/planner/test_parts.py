"""A request in parts: what a supervisor may say, and what becomes of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.llm import Call, Reply, Said
from bot.model.ports import Answer, Request, Unclear, Unknown
from bot.model.roles import Role
from bot.planner.parts import MOST, Member, Part, before, division, read
from bot.planner.picks import Wrong
from bot.planner.prompt import ASK, BUDGET, CHARACTERS, REFUSE, TELL
from bot.planner.team import own_part, team
from tests.planner.conftest import DEMO, WEB1

INFRA = Role("infra", ("web1",), "Servers.")
DATA = Role("data", ("here",), "Databases.")
TEAM = (Member(INFRA, ("web1",), ("list sites",)), Member(DATA, ("here",), ()))


def part(name: str = "1", who: str = "infra", *after: str, task: str = "Do it.") -> Call:
    given = {"Part": name, "Specialist": who, "Task": task, "After": [*after]}
    return Call(f"c{name}", "delegate", given)


def said(*calls: Call) -> Any:
    return read(Reply("", calls, "picked"), TEAM)


def test_parts_come_before_those_that_need_them() -> None:
    assert said(part("c", "data", "b"), part("b", "infra", "a"), part("a")) == (
        Part("a", "infra", "Do it.", ()),
        Part("b", "infra", "Do it.", ("a",)),
        Part("c", "data", "Do it.", ("b",)),
    )


@pytest.mark.parametrize(
    ("calls", "why"),
    [
        ((part(who="root"),), "Specialist is one of infra, data."),
        ((part(name="a b"),), "Part is a short name"),
        ((part(task=" "),), "Task is empty"),
        ((part("1", "infra", "2"),), "not there"),
        ((part("1", "infra", "2"), part("2", "data", "1")), "circle"),
        ((part("1", "infra", "1"),), "circle"),
        ((part(), part()), "the same name"),
        (tuple(part(f"{number}") for number in range(MOST + 1)), f"At most {MOST}"),
        ((Call("c", "nginx-sites__remove", {}),), "Use delegate"),
        ((Call("c", "delegate", None),), "Use delegate"),
        ((Call("c", "delegate", {"Part": "1", "Specialist": "infra", "Task": "x", "After": "2"}),), "After is a list"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_to_the_model(calls: tuple[Call, ...], why: str) -> None:
    found = said(*calls)
    assert isinstance(found, Wrong)
    assert any(why in sentence for _, sentence in found.errors)


def test_a_question_a_refusal_and_an_answer_instead() -> None:
    assert isinstance(said(Call("c", ASK, {"question": "Which?", "choices": []})), Unclear)
    assert isinstance(said(Call("c", REFUSE, {"why": "No."})), Unknown)
    assert isinstance(said(Call("c", TELL, {"answer": "Because."})), Answer)
    assert isinstance(said(), Wrong)


NAMES = st.sampled_from(["1", "2", "3", "4"])
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | NAMES,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
GIVEN = st.fixed_dictionaries(
    {
        "Part": NAMES | ANY,
        "Specialist": st.sampled_from(["infra", "data", "root"]) | ANY,
        "Task": st.text(max_size=10) | ANY,
        "After": st.lists(NAMES, max_size=3) | ANY,
    }
)
CALLS = st.lists(
    st.builds(
        Call, st.text(max_size=3), st.sampled_from(["delegate", ASK, "x"]), st.none() | GIVEN
    ),
    max_size=8,
)


@given(CALLS)
def test_whatever_is_said_parts_are_in_order_and_of_the_team(calls: list[Call]) -> None:
    found = said(*calls)
    if not isinstance(found, tuple):
        return
    done: list[str] = []
    for each in found:
        assert each.specialist in {"infra", "data"}
        assert set(each.after) <= set(done)
        assert set(each.after) <= set(before(each, found)) <= set(done)
        done.append(each.name)
    assert len(set(done)) == len(done) <= MOST


def test_however_many_abilities_the_words_stay_within_the_budget() -> None:
    titles = tuple(f"do the long thing number {number}" for number in range(500))
    members = [Member(Role(f"r{number}", ()), ("a",), titles) for number in range(9)]
    asked = division(Request("x", (WEB1,)), members)
    assert len(asked.turns[-1].text) <= BUDGET * CHARACTERS + 500  # type: ignore[union-attr]


def test_an_answer_is_offered_only_in_a_conversation() -> None:
    first = division(Request("x", (WEB1,)), TEAM)
    later = division(Request("x", (WEB1,), turns=(Said("user", "y"),)), TEAM)
    assert {tool.name for tool in first.tools} == {"delegate", ASK, REFUSE}
    assert TELL in {tool.name for tool in later.tools}


def test_who_is_needed() -> None:
    both = (INFRA, DATA)
    assert team(Request("list sites", (WEB1, DEMO), roles=both)) == [INFRA, DATA]
    assert team(Request("list sites", (WEB1,), others=(DEMO,), roles=both)) == [INFRA]
    several = Request("list sites and make a page", (WEB1,), others=(DEMO,), roles=both)
    assert team(several) == [INFRA, DATA]
    assert team(Request("list sites", (WEB1, DEMO))) == []
    without = team(Request("list sites", (WEB1, DEMO), roles=(INFRA,)))
    assert [(role.name, role.agents) for role in without] == [
        ("infra", ("web1",)),
        ("general", ("here",)),
    ]


def test_each_sees_its_own_agents() -> None:
    request = Request("x", (WEB1,), others=(DEMO,), roles=(INFRA, DATA))
    assert own_part(request, INFRA).agents == (WEB1,)
    assert own_part(request, INFRA).others == ()
    assert own_part(request, DATA).agents == (DEMO,)
