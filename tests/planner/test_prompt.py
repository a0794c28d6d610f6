"""What a model is told: never more than the budget, never what a person cannot fill, in one order."""

import pytest
from msgspec.structs import replace

from bot.model.llm import Said
from bot.model.plans import Agent
from bot.model.ports import Request
from bot.model.sections import Return, Risk, Section, Slot
from bot.planner.prompt import ASK, BUDGET, LOOSE, REFUSE, TELL, prompt, tokens
from tests.planner.conftest import DEMO, SECTIONS, WEB1

REQUEST = Request("serve shop.example.org from port 8080", (WEB1, DEMO))
OWN = {ASK, REFUSE, TELL}


def test_one_strict_tool_a_section_with_its_own_slots() -> None:
    asked, offered = prompt(REQUEST, SECTIONS[:3])
    tools = {tool.name: tool for tool in asked.tools}
    assert set(tools) == {
        "nginx-sites__list-sites",
        "nginx-sites__add-a-reverse-proxy",
        "nginx-sites__add-a-static-site",
        ASK,
        REFUSE,
    }
    proxy = tools["nginx-sites__add-a-reverse-proxy"].parameters
    assert set(proxy["properties"]) == {"Step", "Agent", "After", "domain", "port"}
    assert proxy["properties"]["Agent"] == {"type": "string", "enum": ["web1"]}
    assert set(proxy["required"]) == {"Step", "Agent", "After", "domain", "port"}
    assert all(tool.parameters["additionalProperties"] is False for tool in asked.tools)
    assert set(offered.sections) == set(tools) - OWN


def test_the_same_words_first_and_tools_by_name() -> None:
    one, _ = prompt(REQUEST, SECTIONS[:5])
    other, _ = prompt(replace(REQUEST, text="something else"), tuple(reversed(SECTIONS[:5])))
    assert (one.system, one.tools) == (other.system, other.tools)
    assert [tool.name for tool in one.tools] == sorted(tool.name for tool in one.tools)


def test_what_an_agent_fills_is_told_to_nobody() -> None:
    secretive = replace(WEB1, vars={"prefix": "/very/secret"})
    asked, _ = prompt(Request("list sites", (secretive,)), SECTIONS)
    assert "/very/secret" not in f"{asked}"
    assert "prefix" not in f"{asked.tools}"


def test_what_a_step_puts_out_is_told() -> None:
    create = replace(SECTIONS[14], returns=(Return("ip", "ip", "json $.ip"),))
    asked, _ = prompt(REQUEST, [create])
    assert "Puts out: ip (ip)." in f"{asked.tools}"


def test_an_answer_may_be_told_only_in_a_conversation() -> None:
    asked, _ = prompt(
        replace(REQUEST, turns=(Said("user", "x"), Said("assistant", "y"))), SECTIONS[:1]
    )
    assert TELL in {tool.name for tool in asked.tools}
    assert asked.turns[:2] == (Said("user", "x"), Said("assistant", "y"))


@pytest.mark.parametrize("slots", [0, 5, 30])
@pytest.mark.parametrize("words", [10, 400, 5_000])
def test_never_more_than_the_budget(slots: int, words: int) -> None:
    """However long pages are, and however many there are: what a person would not read, a model is not told."""
    holes = tuple(
        Slot(f"slot{number}", "name", description="d" * words, required=number % 2 == 0)
        for number in range(slots)
    )
    sections = [
        Section(
            *(f"big/section-{number}", "big", f"do thing {number}", Risk.CHANGE, 2, ()),
            slots=holes,
            aliases=tuple(f"alias {each} {'w' * (words // 50)}" for each in range(20)),
            description="x" * words,
        )
        for number in range(60)
    ]
    asked, offered = prompt(Request("do thing", (Agent("a", "local:", ("big",)),)), sections)
    capability = [tool for tool in asked.tools if tool.name not in OWN]
    assert capability
    assert set(offered.sections) == {tool.name for tool in capability}
    if slots < 30:  # one page alone may be longer than the budget: then it is told alone
        assert sum(tokens(tool) for tool in capability) <= BUDGET
    loose = sum(
        len(tool.parameters["properties"]) - len(tool.parameters["required"]) for tool in capability
    )
    assert loose <= LOOSE or len(capability) == 1
