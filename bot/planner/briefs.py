"""What a specialist is told besides the request, and what it may do besides picking. Made by `bot.planner.specialist`, put into
words for `bot.planner.prompt`.

The words of a supervisor or a colleague are a model's: they say what to look for, and never fill a slot.
"""

from collections.abc import Sequence

from msgspec import Struct

from bot.model.llm import Json, Tool
from bot.model.plans import Draft
from bot.model.roles import GENERAL, Role
from bot.model.sections import Section
from bot.planner.schema import object_of

COLLEAGUE, HAND_OVER = "ask_a_colleague", "hand_over"
_SHOWN = 200


class Earlier(Struct, frozen=True):
    """A step that another specialist planned, which is over before any of this one's begins."""

    draft: Draft
    section: Section


class Brief(Struct, frozen=True):
    """`task` is this specialist's part, "" where it has the whole request. `earlier` steps may be taken outputs of; `heard` is what
    others have planned; `colleagues` may be asked, `takers` be handed the part."""

    role: Role
    task: str = ""
    earlier: tuple[Earlier, ...] = ()
    heard: tuple[str, ...] = ()
    colleagues: tuple[Role, ...] = ()
    takers: tuple[Role, ...] = ()

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of the earlier steps."""
        return tuple(each.draft.id for each in self.earlier)


def as_specialist(system: str, role: Role | None) -> str:
    """What a model is told first, with the team's own words about the role."""
    if role is None or (role.name == GENERAL and not role.prompt):
        return system
    about = role.prompt or role.about
    return f"{system}\n\nYou are the team's specialist for {role.name}.\n{about}".rstrip()


def part_of(brief: Brief) -> str:
    """The end of the last message: which part of the request it is about."""
    if not brief.task:
        return ""
    lines = [
        "\n\nA supervisor split this among specialists. Plan your part alone. What is not in it is planned by others, "
        "and is no reason to say that nothing fits:",
        brief.task,
    ]
    if brief.earlier:
        lines += ["These steps of others are over before yours begin:"]
        lines += [_step(each) for each in brief.earlier]
    if brief.heard:
        lines += ["Others have planned this, which is not for you to do again:"]
        lines += [f"- {line}" for line in brief.heard]
    return "\n".join(lines)


def step_line(draft: Draft, section: Section) -> str:
    """A planned step in a line: `create a container on pve1: name api`."""
    slots = ", ".join(f"{name} {value}" for name, value in draft.slots.items())
    return f"{section.title} on {draft.agent}{': ' + slots if slots else ''}"[:_SHOWN]


def _step(each: Earlier) -> str:
    puts = ", ".join(f"@{each.draft.id}.{out.name} ({out.type})" for out in each.section.returns)
    return f"- {each.draft.id}: {step_line(each.draft, each.section)}{'. Puts out ' + puts if puts else ''}"


def tools(brief: Brief) -> list[Tool]:
    """What a specialist may do about its colleagues."""
    made = []
    if brief.colleagues:
        properties: Json = {
            "Colleague": _names(brief.colleagues),
            "Question": {"type": "string", "description": "One short question."},
        }
        words = "Ask another specialist about its own agents and abilities, before you plan. Not for values: these come from the person."
        made.append(Tool(COLLEAGUE, words, object_of(properties, list(properties))))
    if brief.takers:
        properties = {
            "Colleague": _names(brief.takers),
            "Why": {"type": "string", "description": "One short sentence."},
        }
        words = "Hand your whole part to another specialist, because it is theirs and not yours."
        made.append(Tool(HAND_OVER, words, object_of(properties, list(properties))))
    return made


def _names(roles: Sequence[Role]) -> Json:
    return {"type": "string", "enum": [role.name for role in roles]}
