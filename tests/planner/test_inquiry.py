"""An investigation that is handed from one model to another: what only a model at home may know stays at home."""

from collections.abc import AsyncIterator, Iterator

import pytest
from msgspec.structs import replace

from bot.model.errors import PermanentError
from bot.model.plans import Agent
from bot.model.ports import Request
from bot.model.sections import Section
from bot.planner.inquiry import Conclusion, Inquiry, Look
from bot.planner.router import Router
from capabilities.library import Library
from capabilities.render import SectionRenderer
from tests.planner.served import router
from tests.planner.test_router import Watch
from tests.servers.scripted_model import Pick, Picks, ScriptedModel, serving, step

DISK, MEMORY = "linux-facts/show-the-disk-space", "linux-facts/show-the-memory"
LIBRARY = Library()
SECTIONS = [each for each in LIBRARY.sections() if each.id in {DISK, MEMORY}]
SECRETIVE = [replace(each, private=each.id == MEMORY) for each in SECTIONS]
WEB1, VAULT = (Agent(name, "local:", ("linux-facts",), 3) for name in ("web1", "vault1"))
QUESTION = Request("why does everything feel strange?", (WEB1, VAULT), hidden=("vault1",))


def conclude(answer: str, *evidence: object) -> Pick:
    given = {"answer": answer, "evidence": [*evidence], "not_looked_at": ""}
    return Pick("conclude", given)


@pytest.fixture
def home() -> Iterator[ScriptedModel]:
    with serving(ScriptedModel()) as model:
        yield model


@pytest.fixture
def outside() -> Iterator[ScriptedModel]:
    with serving(ScriptedModel()) as model:
        model.says(conclude("All is well.", "1"))
        yield model


@pytest.fixture
async def there(home: ScriptedModel, outside: ScriptedModel) -> AsyncIterator[Router]:
    """A model at home, and one outside where that one fails."""
    async with router(Watch(), {"home": home, "outside": outside}, home=["home"]) as there:
        yield there


def inquiry(there: Router, sections: list[Section]) -> Inquiry:
    return Inquiry(LIBRARY, SectionRenderer(), there, Watch(), QUESTION, sections)


async def looked(asked: Inquiry, home: ScriptedModel, section: str, agent: str = "web1") -> None:
    """The model at home looks, and then fails for a while."""
    home.script[:] = [Picks((step(section, agent=agent),))]
    asked.router.providers[0].shut_until = 0.0
    move = await asked.next()
    assert not isinstance(move, Conclusion)
    asked.saw([Look(draft, "a look", "what the look has shown") for draft in move])
    home.script[:] = [Picks(status=401)]


async def test_another_model_goes_on_where_one_fails(
    there: Router, home: ScriptedModel, outside: ScriptedModel
) -> None:
    asked = inquiry(there, SECRETIVE)
    await looked(asked, home, DISK)
    assert await asked.next() == Conclusion("All is well.", (1,))
    assert "what the look has shown" in outside.words


async def test_what_a_pack_for_home_has_shown_is_told_to_no_other(
    there: Router, home: ScriptedModel, outside: ScriptedModel
) -> None:
    asked = inquiry(there, SECRETIVE)
    await looked(asked, home, MEMORY)
    with pytest.raises(PermanentError, match="No model could be asked"):
        await asked.next()
    assert outside.asked == []


async def test_what_a_hidden_agent_has_shown_is_told_to_no_other(
    there: Router, home: ScriptedModel, outside: ScriptedModel
) -> None:
    asked = inquiry(there, SECTIONS)
    await looked(asked, home, DISK, "vault1")
    with pytest.raises(PermanentError, match="No model could be asked"):
        await asked.next()
    assert outside.asked == []


async def test_it_stays_so_however_often_it_looks_afterwards(
    there: Router, home: ScriptedModel, outside: ScriptedModel
) -> None:
    asked = inquiry(there, SECRETIVE)
    await looked(asked, home, MEMORY)
    await looked(asked, home, DISK)
    with pytest.raises(PermanentError, match="No model could be asked"):
        await asked.next()
    assert outside.asked == []


async def test_evidence_is_the_number_of_a_look_or_nothing(
    there: Router, home: ScriptedModel
) -> None:
    asked = inquiry(there, SECTIONS)
    await looked(asked, home, DISK)
    there.providers[0].shut_until = 0.0
    odd = ["1" * 5_000, "²", "١", "0", "2", "-1", "1.0", " 1", "", None, 1.5, True, ["1"], {}]
    home.script[:] = [Picks((conclude("So it is.", *odd, 1, "1"),))]
    assert await asked.next() == Conclusion("So it is.", (1,))
