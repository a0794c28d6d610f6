"""Whatever a supervisor and its specialists say: what comes of it are shipped sections, on agents that have them, with what was said."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clock import SystemClock
from bot.model.plans import Agent
from bot.model.ports import Idea, Request, Wanted
from bot.model.roles import Role
from bot.planner.evident import stands
from bot.planner.model import ModelPlanner
from bot.planner.offline import OfflinePlanner
from bot.planner.prompt import MOST_STEPS
from bot.planner.router import Provider, Router
from bot.plugins import find
from capabilities.library import Library
from capabilities.render import SectionRenderer
from tests.servers.scripted_model import Pick, Picks, ScriptedModel, serving, step

WEB1 = Agent("web1", "local:", ("nginx-sites",), 3, vars={"prefix": "/etc/nginx"})
HERE = Agent("here", "local:", ("demo-site", "linux-facts"), 3, vars={"root": "/srv", "port": "80"})
ROLES = (Role("infra", ("web1",)), Role("qa", ("here",), prompt="Checks."))
TEXT = "serve shop.example.org from port 8080, then create a site called hello and show the disk"
LIBRARY = Library(())
RENDERER = SectionRenderer()
TOOLS = [
    *(section.id.replace("/", "__") for section in LIBRARY.sections()),
    *("delegate", "ask_a_colleague", "hand_over", "ask_the_person", "nothing_fits", "tell_the_person"),
]  # fmt: skip
VALUES = st.sampled_from(
    [
        *("shop.example.org", "8080", "hello", "evil", "99999", "1", "2", "infra", "qa", "web1", "here", "supervisor", "*"),
        *("@1-1.name", "@1.x", "; touch PWNED", "../../etc", "", None, 8080, ["1"], ["2", "1-1"], [], {}, True),
    ]
)  # fmt: skip
NAMES = st.sampled_from(
    [
        *("Part", "Specialist", "Task", "After", "Step", "Agent", "Colleague", "Question", "Why"),
        *("domain", "port", "name", "question", "choices", "why", "answer"),
    ]
)


def _given(tool: str) -> st.SearchStrategy[Any]:
    """Mostly what would do, and then something else in it."""
    whole = {
        "delegate": {"Part": "1", "Specialist": "qa", "Task": "Create a site.", "After": []},
        "ask_a_colleague": {"Colleague": "infra", "Question": "Which port?"},
        "hand_over": {"Colleague": "infra", "Why": "Not mine."},
        "tell_the_person": {"answer": "evil.example.com"},
    }.get(tool, {"Step": "1", "Agent": "web1", "After": [], "domain": "shop.example.org"})
    odd = st.dictionaries(NAMES, VALUES, max_size=3)
    return odd.map(lambda more: {**whole, **more}) | st.sampled_from(["{", "[]", "null", ""])


PICKS = st.sampled_from(TOOLS).flatmap(
    lambda tool: _given(tool).map(
        lambda given: Pick(tool, given if isinstance(given, str) else json.dumps(given))
    )
)


@st.composite
def divisions(draw: st.DrawFn) -> list[Pick]:
    """A good one: at most three parts, each after some of those before it."""
    parts: list[Pick] = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        who, before = draw(st.sampled_from(["infra", "qa"])), [f"{n}" for n in range(1, number)]
        after = draw(st.sets(st.sampled_from(before))) if before else set()
        given = {"Part": f"{number}", "Specialist": who, "Task": "x", "After": sorted(after)}
        parts.append(Pick("delegate", given))
    return parts


GOOD = {
    "infra": step("nginx-sites/add-a-reverse-proxy", 1, "web1", domain="shop.example.org", port="8080"),
    "qa": step("demo-site/create-a-site", 1, "here", name="hello"),
}  # fmt: skip


def _sayings(who: str) -> st.SearchStrategy[list[Picks]]:
    """What one of them says, time after time: what fits, with something else beside it or not, or anything at all."""
    odd = st.lists(PICKS, max_size=3)
    fits = divisions() if who == "supervisor" else st.just([GOOD[who]])
    beside = st.tuples(fits, PICKS).map(lambda each: [*each[0], each[1]])
    answer = st.one_of(fits, fits, fits, beside, odd).map(lambda calls: Picks(tuple(calls)))
    return st.lists(answer, min_size=1, max_size=4)


TEAMS = st.fixed_dictionaries({who: _sayings(who) for who in ("supervisor", "infra", "qa")})


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedModel]:
    with serving(ScriptedModel()) as model:
        yield model


async def planned(model: ScriptedModel) -> Idea:
    """One request through a planner of its own."""
    plugin, clock = find("llm", "openai"), SystemClock()
    table = {"model": "scripted", "base_url": model.url, "local": True}
    opened = plugin.load()("openai", plugin.settings.model_validate(table), clock)
    router = Router([Provider("openai", opened, local=True)], clock)
    planner = ModelPlanner(LIBRARY, RENDERER, router, OfflinePlanner(LIBRARY, RENDERER), clock)
    try:
        return await planner.plan(Request(TEXT, (WEB1, HERE), roles=ROLES))
    finally:
        await opened.close()


@settings(max_examples=150)
@given(TEAMS)
def test_whatever_they_say(model: ScriptedModel, sayings: dict[str, list[Picks]]) -> None:
    def answer(asked: dict[str, Any]) -> Picks:
        system = str(asked["messages"][0]["content"])
        role = next((role.name for role in ROLES if f"specialist for {role.name}." in system), "")
        script = sayings[role or "supervisor"]
        return script.pop(0) if len(script) > 1 else script[0]

    model.answer = answer
    model.asked.clear()
    idea = asyncio.run(asyncio.wait_for(planned(model), 60))
    assert len(model.asked) <= 70, "it comes to an end"
    if not isinstance(idea, Wanted) or not idea.thought.provider:
        return
    assert 1 <= len(idea.drafts) <= MOST_STEPS
    assert {need for draft in idea.drafts for need in draft.needs} <= {
        each.id for each in idea.drafts
    }
    for draft in idea.drafts:
        section = LIBRARY.section(draft.section)
        agent = next(each for each in (WEB1, HERE) if each.name == draft.agent)
        assert section is not None
        assert section.pack in agent.packs
        for name, value in draft.slots.items():
            slot = section.slot(name)
            assert slot is not None
            assert not slot.from_agent
            assert RENDERER.check(section, name, value) is None
            assert stands(section, slot, value, [TEXT])
