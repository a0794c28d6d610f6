"""What a model answered, read as an idea, or as what is wrong with it. Called by `bot.planner.model`; pure but for the checks.

Whatever comes in, what goes out names only offered sections, offered agents, and values of their slots' types that people have
said. Everything else is an error for the model to mend, or a question to the person.
"""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from bot.model.events import CONTROLS
from bot.model.llm import SENTENCE, Call, Json, Picked, Reply, Returned, Said, Turn
from bot.model.plans import NAME, Draft, Output
from bot.model.ports import Answer, Idea, Renderer, Request, Unclear, Unknown, Wanted
from bot.model.sections import Risk, Section, Slot, Value
from bot.planner.choice import forbids
from bot.planner.evident import shown_in, stands
from bot.planner.offline import asks, listed
from bot.planner.prompt import ASK, MOST_STEPS, REFUSE, TELL, Offered

CHOICES = 5
_OUTPUT = re.compile(rf"@({NAME.pattern})\.([a-z][a-z0-9_-]{{0,31}})")
_OURS = frozenset({"Step", "Agent", "After"})
_FROM_MACHINES = frozenset({"name", "id", "int", "port", "pattern"})
"""What an investigation may take from an output: no host, no address, no path, no link."""
_NO_PLAN = "The model gave no plan for that. Say it in other words."


class Wrong(Struct, frozen=True):
    """Why an answer is no plan: (call id, sentence) for each pick, "" where it is good; `words` where nothing was picked."""

    errors: tuple[tuple[str, str], ...]
    words: str = ""


class _Reading(Struct):
    """One answer being read."""

    request: Request
    offered: Offered
    renderer: Renderer
    words: Sequence[str]
    earlier: Sequence[str] = ()
    unsaid: list[tuple[Draft, Section, Slot]] = field(default_factory=list)


def read(
    reply: Reply,
    request: Request,
    offered: Offered,
    renderer: Renderer,
    earlier: Sequence[str] = (),
) -> Idea | Wrong:
    """An idea without its cost, or what to mend. `earlier` are the names of steps that are planned already. Raises nothing for
    what a model may say."""
    instead = no_plan(reply)
    if instead is not None:
        return instead
    if len(reply.calls) > MOST_STEPS:
        what = f"A plan has at most {MOST_STEPS} steps."
        return Wrong(tuple((call.id, what) for call in reply.calls))
    said = (turn.text for turn in request.turns if turn.role == "user")
    words = (*said, request.words, request.text)
    reading = _Reading(request, offered, renderer, words, earlier)
    return _steps(reading, reply.calls)


def no_plan(reply: Reply) -> Idea | Wrong | None:
    """What a model answered instead of planning; None where it picked something else."""
    if reply.end in {"refused", "cut"}:
        return Unknown(_NO_PLAN)
    if not reply.calls:
        return Wrong((), "Pick a tool: words alone are no plan.")
    own = next((each for each in reply.calls if each.tool in {ASK, REFUSE, TELL}), None)
    return None if own is None else _own(own)


def told(reply: Reply, wrong: Wrong) -> tuple[Turn, ...]:
    """The answer, and what is wrong with it, as the next turns."""
    if not reply.calls:
        return Said("assistant", reply.text or "…"), Said("user", wrong.words)
    known = dict(wrong.errors)
    why = ((call.id, known.get(call.id, "")) for call in reply.calls)
    return Picked(reply.text, reply.calls), Returned(
        tuple((id, words or "Good.", bool(words)) for id, words in why)
    )


def _own(call: Call) -> Idea | Wrong:
    """A question, a refusal or an answer instead of a plan."""
    if call.tool == ASK:
        return _asked(call)
    if call.tool == TELL:
        answer = sentence(call.arguments, "answer")
        return Answer(answer) if answer else Wrong(((call.id, "The answer is empty."),))
    return Unknown(sentence(call.arguments, "why") or "I know no capability for that.")


def _asked(call: Call) -> Idea | Wrong:
    question = sentence(call.arguments, "question")
    if not question:
        return Wrong(((call.id, "The question is empty."),))
    given = (call.arguments or {}).get("choices")
    texts = [each for each in given if isinstance(each, str)] if isinstance(given, list) else []
    choices = dict.fromkeys(_line(each, 80) for each in texts)
    kept = tuple(each for each in choices if each and each.casefold() not in CONTROLS)
    return Unclear("words", question, kept if len(kept) <= CHOICES else ())


def _steps(reading: _Reading, calls: Sequence[Call]) -> Idea | Wrong:
    errors: list[tuple[str, str]] = []
    drafts: list[Draft] = []
    for call in calls:
        draft = _draft(reading, call)
        errors.append((call.id, draft if isinstance(draft, str) else ""))
        drafts.extend(() if isinstance(draft, str) else (draft,))
    if not any(error for _, error in errors):
        errors = [
            (call.id, why) for call, why in zip(calls, _joins(drafts, reading.earlier), strict=True)
        ]
    if any(error for _, error in errors):
        return Wrong(tuple(errors))
    changes = any(reading.offered.sections[call.tool].risk is not Risk.READ for call in calls)
    if changes and forbids(reading.request.text):
        return Unknown("You asked me not to do something, so I do nothing.")
    addressed = [each.name for each in reading.request.agents]
    if not any(draft.agent in addressed for draft in drafts):
        return Unknown(f"{listed(addressed)} cannot do that. Name who shall.")
    if reading.unsaid:
        return _question(reading, len(drafts))
    return Wanted(tuple(drafts))


def _draft(reading: _Reading, call: Call) -> Draft | str:
    """One step, or what is wrong with it."""
    section, given = reading.offered.sections.get(call.tool), call.arguments
    if section is None:
        return f"There is no tool {_line(call.tool, 64)}."
    if given is None:
        return "The arguments are no JSON object."
    step, agent = given.get("Step"), given.get("Agent")
    if not isinstance(step, str) or not NAME.fullmatch(step):
        return "Step is a short name such as 1."
    able = [each.name for each in reading.offered.agents[call.tool]]
    if agent not in able:
        return f"Agent is one of {listed(able, 'or')}."
    after = given.get("After", [])
    if not isinstance(after, list) or not all(isinstance(each, str) for each in after):
        return "After is a list of the names of steps."
    draft = Draft(str(agent), section.id, {}, id=step, needs=tuple(dict.fromkeys(after)))
    return _filled(reading, draft, section, given)


def _filled(reading: _Reading, draft: Draft, section: Section, given: Json) -> Draft | str:
    """The draft with every slot that holds: typed, and said by somebody."""
    slots = {slot.name: slot for slot in section.slots if not slot.from_agent}
    strange = next((name for name in given if name not in slots and name not in _OURS), None)
    if strange is not None:
        return f"{_line(strange, 40)} is no slot of this tool."
    for slot in slots.values():
        if given.get(slot.name) in (None, "", []):
            continue
        value = _value(slot, given[slot.name])
        if isinstance(value, Output):
            draft = replace(draft, outputs={**draft.outputs, slot.name: value})
        elif why := _fault(reading, section, slot, value):
            return why
        elif value is not None and _is_known(reading, section, slot, value):
            draft = replace(draft, slots={**draft.slots, slot.name: value})
    missing = (each for each in slots.values() if _is_missing(each, draft))
    reading.unsaid.extend((draft, section, each) for each in missing)
    return draft


def _is_known(reading: _Reading, section: Section, slot: Slot, value: Value) -> bool:
    """Somebody said it; or, in an investigation, a machine did, where it is no place to go to."""
    if stands(section, slot, value, reading.words):
        return True
    seen = reading.request.seen
    return slot.type in _FROM_MACHINES and isinstance(value, str) and shown_in(value, seen)


def _fault(reading: _Reading, section: Section, slot: Slot, value: Value | None) -> str:
    if value is None:
        return f"{slot.name} takes {'a list of texts' if slot.type == 'list' else 'one text'}."
    refusal = reading.renderer.check(section, slot.name, value)
    return f"{slot.name}: {refusal.why}" if refusal else ""


def _value(slot: Slot, given: object) -> Value | Output | None:
    """As the model wrote it; a number is its digits."""
    if slot.type == "list":
        if isinstance(given, list) and all(isinstance(each, str) for each in given):
            return tuple(str(each) for each in given)
        return None
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    if not isinstance(given, str):
        return None
    output = _OUTPUT.fullmatch(given)
    return Output(output[1], output[2]) if output else given


def _is_missing(slot: Slot, draft: Draft) -> bool:
    wanted = slot.required and not slot.from_agent and slot.default is None
    return wanted and slot.name not in draft.slots and slot.name not in draft.outputs


def _joins(drafts: Sequence[Draft], earlier: Sequence[str]) -> list[str]:
    """What is wrong between the steps, for each: names twice, names that are none. Circles are for whoever composes."""
    names = [*earlier, *(draft.id for draft in drafts)]
    return [_joint(draft, names, drafts[:number]) for number, draft in enumerate(drafts)]


def _joint(draft: Draft, names: Sequence[str], before: Iterable[Draft]) -> str:
    outputs = [each.step for each in draft.outputs.values()]
    strange = [name for name in (*draft.needs, *outputs) if name not in names or name == draft.id]
    if strange:
        return f"There is no other step {_line(strange[0], 20)}."
    if names.count(draft.id) > 1:
        return f"Two steps are called {draft.id}."
    if any(same(draft, each) for each in before):
        return "This step is there already."
    return ""


def same(one: Draft, other: Draft) -> bool:
    """Whether two steps would do the same."""
    mine, others = (one.slots, one.outputs), (other.slots, other.outputs)
    return (one.agent, one.section, *mine) == (other.agent, other.section, *others)


def _question(reading: _Reading, steps: int) -> Unclear:
    """For the first value that nobody said. Of a plan of one step the answer fills it; else the request is planned anew."""
    draft, section, slot = reading.unsaid[0]
    text = asks(slot, section, draft)
    if steps == 1:
        return Unclear("slot", text, slot.choices, replace(draft, id="", needs=()), slot.name)
    return Unclear("words", f"{text} ({section.title})", slot.choices)


def sentence(arguments: Json | None, name: str, most: int = SENTENCE) -> str:
    """One line of what a model wrote under `name`; "" where that is no text."""
    text = (arguments or {}).get(name)
    return _line(text, most) if isinstance(text, str) else ""


def _line(text: str, most: int) -> str:
    line = " ".join(text[: most * 4].split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
