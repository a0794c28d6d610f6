"""Pages and agents for the tests of this folder."""

from bot.model.plans import Agent
from bot.model.sections import Refusal, Rendered, Section, Value
from capabilities.compile import Page, compile_page
from capabilities.parse import parse
from capabilities.render import SectionRenderer

HEADER = "| name | type | rule | description |\n|---|---|---|---|\n"
HERE = Agent("here", "ssh://u@host:22", ("pack",), level=3)


def page(text: str) -> Page:
    """A page compiled, as pack `pack`."""
    return compile_page(parse(text.encode(), "page.md", "pack"))


def how_to(block: str, *, rows: str = "", bullets: str = "", rest: str = "") -> str:
    """A page with one section `do it` around a bash block. `rows` are lines of the Parameters table."""
    table = f"## Parameters\n{HEADER}{rows}\n\n" if rows else ""
    return f"{table}## How to do it\n{bullets}\n\n```bash\n{block}\n```\n{rest}"


def section(block: str, *, rows: str = "", bullets: str = "", rest: str = "") -> Section:
    """The one section of such a page, which must compile."""
    compiled = page(how_to(block, rows=rows, bullets=bullets, rest=rest))
    assert compiled.sections, [str(problem) for problem in compiled.problems]
    return compiled.sections[0]


def render(made: Section, slots: dict[str, Value], agent: Agent = HERE) -> Rendered:
    """What it renders to, which must not be a refusal."""
    result = SectionRenderer().render(made, slots, agent)
    assert not isinstance(result, Refusal), result
    return result[1]


def refusal(made: Section, slots: dict[str, Value], agent: Agent = HERE) -> Refusal:
    """Why it is refused, which it must be."""
    result = SectionRenderer().render(made, slots, agent)
    assert isinstance(result, Refusal), result
    return result
