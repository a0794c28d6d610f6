"""Parts of several specialists as one plan: in the order that was asked for, and in so many questions at most."""

from collections.abc import Callable
from typing import Any

from bot.model.plans import Agent
from bot.model.ports import Idea, Request, Wanted
from bot.model.roles import Role
from bot.planner.asking import QUESTIONS
from bot.planner.model import ModelPlanner
from bot.planner.offline import OfflinePlanner
from capabilities.library import Library
from capabilities.render import SectionRenderer
from tests.planner.served import router
from tests.planner.test_router import Watch
from tests.servers.scripted_model import Pick, Picks, ScriptedModel, step

LIBRARY, RENDERER = Library(), SectionRenderer()
TEST, REMOVE = "nginx-sites/test-the-configuration", "nginx-sites/remove-a-site"
WEB1 = Agent("web1", "local:", ("nginx-sites",), 3, vars={"prefix": "/etc/nginx"})
HERE, THERE = (Agent(name, "local:", ("linux-facts",), 3) for name in ("here", "there"))
ROLES = (Role("infra", ("web1",)), Role("qa", ("here",)), Role("data", ("there",)))
REQUEST = Request("test web1, remove old.example.org, then test it and look at the rest", (WEB1, HERE, THERE), roles=ROLES)  # fmt: skip
STEPS = {"Test it.": step(TEST), "Remove it.": step(REMOVE, domain="old.example.org")}
Json = dict[str, Any]


def delegate(part: str, task: str, *after: str, to: str = "infra") -> Pick:
    return Pick("delegate", {"Part": part, "Specialist": to, "Task": task, "After": [*after]})


async def planned(model: ScriptedModel) -> Idea:
    async with router(Watch(), {"openai": model}, home=["openai"]) as there:
        offline = OfflinePlanner(LIBRARY, RENDERER)
        return await ModelPlanner(LIBRARY, RENDERER, there, offline, Watch()).plan(REQUEST)


def words(asked: Json) -> str:
    return str(asked["messages"])


def divided(*parts: Pick) -> Callable[[Json], Picks]:
    """A supervisor that says these parts, and specialists that do what their task says."""

    def answer(asked: Json) -> Picks:
        if "You lead a team" in words(asked):
            return Picks(parts)
        return Picks((next(pick for task, pick in STEPS.items() if task in words(asked)),))

    return answer


async def steps(model: ScriptedModel) -> list[tuple[str, str, tuple[str, ...]]]:
    idea = await planned(model)
    assert isinstance(idea, Wanted)
    return [(each.id, each.section, each.needs) for each in idea.drafts]


async def test_what_is_done_again_afterwards_is_there_twice(model: ScriptedModel) -> None:
    model.answer = divided(
        delegate("a", "Test it."), delegate("b", "Remove it.", "a"), delegate("c", "Test it.", "b")
    )
    assert await steps(model) == [("1", TEST, ()), ("2", REMOVE, ("1",)), ("3", TEST, ("2",))]


async def test_what_waits_for_a_change_does_not_become_what_does_not(model: ScriptedModel) -> None:
    model.answer = divided(
        delegate("a", "Test it."), delegate("b", "Remove it."), delegate("c", "Test it.", "b")
    )
    assert await steps(model) == [("1", TEST, ()), ("2", REMOVE, ()), ("3", TEST, ("2",))]


async def test_what_two_planned_alike_is_there_once(model: ScriptedModel) -> None:
    model.answer = divided(
        delegate("a", "Remove it."), delegate("b", "Test it.", "a"), delegate("c", "Test it.", "a")
    )
    assert await steps(model) == [("1", REMOVE, ()), ("2", TEST, ("1",))]


async def test_a_specialist_plans_and_does_not_tell_that_it_has(model: ScriptedModel) -> None:
    """Words of one for people would be all that they hear, and nothing of the others' parts would come."""
    team = divided(delegate("a", "Test it."), delegate("b", "Remove it.", "a"))
    told: list[Json] = []

    def answer(asked: Json) -> Picks:
        if "Test it." in words(asked) and "You lead a team" not in words(asked) and not told:
            told.append(asked)
            return Picks((Pick("tell_the_person", {"answer": "It is tested."}),))
        return team(asked)

    model.answer = answer
    assert await steps(model) == [("1", TEST, ()), ("2", REMOVE, ("1",))]
    assert "Nobody reads an answer in words here" in model.words


LOOKS = {
    "infra": step(TEST),
    "qa": step("linux-facts/show-the-memory", agent="here"),
    "data": step("linux-facts/show-the-memory", agent="there"),
}


def colleagues(asked: Json, tool: str) -> list[str]:
    """Whom this tool takes; nobody where it is not offered."""
    functions = (each["function"] for each in asked["tools"])
    found = [each["parameters"]["properties"] for each in functions if each["name"] == tool]
    return list(found[0]["Colleague"]["enum"]) if found else []


def talkative(asked: Json) -> Picks:
    """A team that asks whom it may ask, is told nothing, hands over what it may hand over, and plans only then."""
    if "You lead a team" in words(asked):
        names = [ROLES[number % 3].name for number in range(6)]
        parts = [
            delegate(f"{number}", "Look.", *(f"{each}" for each in range(number)), to=name)
            for number, name in enumerate(names)
        ]
        return Picks(tuple(parts))
    if "A colleague" in words(asked):
        return Picks((Pick("tell_the_person", {"answer": ""}),))
    for tool in ("ask_a_colleague", "hand_over"):
        if others := colleagues(asked, tool):
            given = {"Colleague": others[0], "Question" if "ask" in tool else "Why": "Is it yours?"}
            return Picks((Pick(tool, given),))
    return Picks((next(LOOKS[each.name] for each in ROLES if f"for {each.name}." in words(asked)),))


async def test_a_team_that_only_talks_is_stopped(model: ScriptedModel) -> None:
    model.answer = talkative
    idea = await planned(model)
    assert len(model.asked) == idea.thought.questions == QUESTIONS
    assert idea.thought.provider == "", "the offline planner has planned"
    assert f"I have put {QUESTIONS} questions to models" in idea.thought.note
