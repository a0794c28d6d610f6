"""A model that fails, and what whoever asks is told: why it was not asked, and nothing of somebody else's failure."""

from msgspec.structs import replace

from bot.model.llm import Said
from bot.model.ports import Idea, Request, Wanted
from bot.planner.model import ModelPlanner
from bot.planner.offline import OfflinePlanner
from bot.planner.router import TRIPS, Router
from capabilities.library import Library
from capabilities.render import SectionRenderer
from tests.planner.conftest import WEB1
from tests.planner.served import router
from tests.planner.test_router import Watch
from tests.servers.scripted_model import Picks, ScriptedModel, step

LIBRARY, RENDERER = Library(), SectionRenderer()
DISK = step("linux-facts/show-the-disk-space")
REQUEST = Request("show the disk space", (WEB1,))


async def planned(there: Router, request: Request = REQUEST) -> Idea:
    planner = ModelPlanner(LIBRARY, RENDERER, there, OfflinePlanner(LIBRARY, RENDERER), Watch())
    return await planner.plan(request)


async def test_while_a_model_is_left_alone_it_is_said_why(model: ScriptedModel) -> None:
    model.script.append(Picks(status=404))
    async with router(Watch(), {"openai": model}) as there:
        first, second = await planned(there), await planned(there)
    assert len(model.asked) == 1
    assert "openai could not be asked" in first.thought.note
    assert "openai is left alone for a while" in second.thought.note
    assert "404" in second.thought.note
    assert isinstance(second, Wanted), "planned without it"


async def test_a_question_that_is_too_long_shuts_nobody_out(model: ScriptedModel) -> None:
    """What somebody has pasted into one thread ends nothing in another."""
    model.script.append(Picks(status=413))
    model.says(DISK)
    long = Request("and now?", (WEB1,), turns=(Said("user", "x" * 40_000),))
    async with router(Watch(), {"openai": model}) as there:
        refused = await planned(there, long)
        following = await planned(there)
    assert "too long" in refused.thought.note
    assert (following.thought.provider, following.thought.note) == ("openai", "")
    assert isinstance(following, Wanted)


async def test_where_all_agents_are_private_nobody_outside_is_asked(model: ScriptedModel) -> None:
    """What the planner without a model can do, it still does; and that shuts nobody out of what comes next."""
    model.says(DISK)
    hidden = replace(REQUEST, hidden=("web1",))
    async with router(Watch(), {"openai": model}) as there:
        idea = await planned(there, hidden)
        assert isinstance(idea, Wanted)
        assert model.asked == []
        assert (await planned(there)).thought.provider == "openai"


async def test_a_model_that_is_down_for_days_is_asked_again(model: ScriptedModel) -> None:
    clock = Watch()
    async with router(clock, {"openai": model}) as there:
        (provider,) = there.providers
        provider.failures, provider.shut_until = 2_000, clock.at
        model.script.append(Picks(status=503))
        assert "503" in (await planned(there)).thought.note
        assert provider.failures == 2_000 + 1
        clock.at = provider.shut_until
        model.says(DISK)
        model.script.pop(0)
        assert (await planned(there)).thought.provider == "openai"
    assert provider.failures < TRIPS
