"""What a model may say, and what becomes of it: only offered sections, offered agents, typed values, and nothing that nobody said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.llm import Call, Reply, Said
from bot.model.ports import Answer, Idea, Request, Unclear, Unknown, Wanted
from bot.planner.picks import Wrong, read
from bot.planner.prompt import ASK, REFUSE, TELL, prompt
from capabilities.render import SectionRenderer
from tests.planner.conftest import DEMO, SECTIONS, WEB1

RENDERER = SectionRenderer()
STATIC = "nginx-sites__add-a-static-site"
PROXY = "nginx-sites__add-a-reverse-proxy"
CREATE = "demo-site__create-a-site"
DISK = "linux-facts__disk"


def call(tool: str, step: str = "1", agent: str = "web1", **slots: Any) -> Call:
    after = slots.pop("After", [])
    return Call(f"c{step}", tool, {"Step": step, "Agent": agent, "After": after, **slots})


def asked(
    text: str, *calls: Call, turns: tuple[Said, ...] = (), end: Any = "picked"
) -> Idea | Wrong:
    request = Request(text, (WEB1, DEMO), turns=turns)
    _, offered = prompt(request, SECTIONS)
    return read(Reply("", calls, end), request, offered, RENDERER)


def test_one_pick_is_one_step() -> None:
    idea = asked(
        "serve shop.example.org from port 8080", call(PROXY, domain="shop.example.org", port="8080")
    )
    assert isinstance(idea, Wanted)
    (draft,) = idea.drafts
    assert (draft.agent, draft.section) == ("web1", "nginx-sites/add-a-reverse-proxy")
    assert draft.slots == {"domain": "shop.example.org", "port": "8080"}


def test_a_number_is_its_digits() -> None:
    idea = asked(
        "serve shop.example.org from port 8080", call(PROXY, domain="shop.example.org", port=8080)
    )
    assert isinstance(idea, Wanted)
    assert idea.drafts[0].slots["port"] == "8080"


def test_several_picks_are_several_steps_with_their_needs() -> None:
    idea = asked(
        "show the disk of web1, then create a site called hello",
        call(DISK, "1"),
        call(CREATE, "2", "here", name="hello", After=["1"]),
    )
    assert isinstance(idea, Wanted)
    assert [draft.id for draft in idea.drafts] == ["1", "2"]
    assert idea.drafts[1].needs == ("1",)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("create a site", "hello"),
        ("create a nice site for us", "nice"),
        ("create a site called goodbye", "hello"),
        ("create a site called Hello", "hello"),
    ],
)
def test_a_name_that_nobody_gave_is_asked_for(text: str, value: str) -> None:
    idea = asked(text, call(CREATE, "1", "here", name=value))
    assert isinstance(idea, Unclear)
    assert (idea.kind, idea.slot) == ("slot", "name")
    assert idea.draft is not None
    assert idea.draft.slots == {}


@pytest.mark.parametrize(
    "text",
    [
        "create a site called hello",
        'make "hello"',
        "a site named hello please",
        "name: hello",
        "a site, name=hello",
    ],
)
def test_a_name_that_was_introduced_counts(text: str) -> None:
    assert isinstance(asked(text, call(CREATE, "1", "here", name="hello")), Wanted)


def test_a_name_from_an_earlier_message_counts_and_one_from_the_bot_does_not() -> None:
    mine, yours = (
        Said("user", "I want a site called hello"),
        Said("assistant", "A site called hello?"),
    )
    pick = call(CREATE, "1", "here", name="hello")
    assert isinstance(asked("create it", pick, turns=(mine,)), Wanted)
    assert isinstance(asked("create it", pick, turns=(yours,)), Unclear)


def test_a_port_that_nobody_gave_is_asked_for() -> None:
    idea = asked("serve shop.example.org", call(PROXY, domain="shop.example.org", port="80"))
    assert isinstance(idea, Unclear)
    assert idea.slot == "port"
    assert idea.draft is not None
    assert idea.draft.slots == {"domain": "shop.example.org"}


def test_of_several_steps_a_missing_value_is_asked_for_in_words() -> None:
    idea = asked(
        "look at the disk and create a site", call(DISK), call(CREATE, "2", "here", name="hello")
    )
    assert isinstance(idea, Unclear)
    assert (idea.kind, idea.draft) == ("words", None)


WRONG: list[tuple[Call, str]] = [
    (call("rm__everything"), "There is no tool"),
    (call(DISK, agent="db9"), "Agent is"),
    (call(DISK, step=""), "Step is"),
    (call(DISK, rm="-rf"), "no slot"),
    (call(PROXY, domain="shop.example.org", port="99999"), "port"),
    (call(PROXY, domain="shop.example.org; touch x", port="80"), "domain"),
    (call(PROXY, domain=["shop.example.org"], port="80"), "domain takes one text"),
    (call(PROXY, domain="shop.example.org", port=True), "port takes one text"),
    (call(DISK, prefix="/etc"), "no slot"),
    (call(DISK, After="2"), "After is"),
    (call(DISK, After=["9"]), "no other step 9"),
    (call(PROXY, domain="@7.fqdn", port="80"), "no other step 7"),
    (Call("c1", DISK, None), "no JSON object"),
]


@pytest.mark.parametrize(("pick", "why"), WRONG)
def test_what_is_wrong_is_said_to_the_model(pick: Call, why: str) -> None:
    found = asked("serve shop.example.org from port 80 on web1", pick)
    assert isinstance(found, Wrong)
    assert why in found.errors[0][1]


def test_agent_variables_are_no_slots() -> None:
    found = asked(
        "serve shop.example.org from 80",
        call(PROXY, domain="shop.example.org", port="80", prefix="/"),
    )
    assert isinstance(found, Wrong)


def test_twice_the_same_is_wrong_and_so_are_too_many() -> None:
    assert isinstance(asked("disk", call(DISK, "1"), call(DISK, "2")), Wrong)
    assert isinstance(asked("disk", call(DISK, "1"), call(DISK, "1")), Wrong)
    many = [call(CREATE, str(number), "here", name=f"s{number}") for number in range(13)]
    assert isinstance(asked("x", *many), Wrong)


def test_no_choice_of_a_model_is_called_as_a_control_of_a_card() -> None:
    """Its press would wait with the votes, and be taken for one by whoever reads it."""
    given = {"question": "Which?", "choices": ["approve", "Cancel", "the first"]}
    question = asked("x", Call("c", ASK, given))
    assert isinstance(question, Unclear)
    assert question.choices == ("the first",)


def test_a_wish_not_to_is_not_carried_out() -> None:
    idea = asked("do not create a site called hello", call(CREATE, "1", "here", name="hello"))
    assert isinstance(idea, Unknown)


def test_questions_refusals_and_answers() -> None:
    question = asked(
        "x", Call("c", ASK, {"question": "Which\nsite?", "choices": ["a", "b", "a", 3]})
    )
    assert isinstance(question, Unclear)
    assert (question.text, question.choices) == ("Which site?", ("a", "b"))
    assert asked("x", Call("c", REFUSE, {"why": "No such thing."})) == Unknown("No such thing.")
    assert asked("why?", Call("c", TELL, {"answer": "Because."})) == Answer("Because.")
    assert isinstance(asked("x", Call("c", ASK, {})), Wrong)
    assert isinstance(asked("x", end="said"), Wrong)
    assert isinstance(asked("x", call(DISK), end="cut"), Unknown)
    assert isinstance(asked("x", end="refused"), Unknown)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [*(f"{each.id}".replace("/", "__") for each in SECTIONS), ASK, REFUSE, TELL]
) | st.text(max_size=12)
KEYS = st.sampled_from(
    ["Step", "Agent", "After", "domain", "port", "name", "root", "lines", "prefix", "question"]
) | st.text(max_size=6)
VALUES = JSON | st.sampled_from(
    ["1", "2", "web1", "here", "hello", "shop.example.org", "8080", "@1.ip", "/srv/www", ["1"], []]
)
CALLS = st.lists(
    st.builds(
        Call,
        st.sampled_from(["a", "b", "c"]),
        NAMES,
        st.none() | st.dictionaries(KEYS, VALUES, max_size=7),
    ),
    max_size=4,
)
WORDS = st.sampled_from(
    [
        "create a site called hello",
        "serve shop.example.org from port 8080",
        "disk of web1",
        "use @1.ip",
    ]
) | st.text(max_size=60)


@given(WORDS, CALLS, st.sampled_from(["picked", "said", "refused", "cut"]))
def test_whatever_a_model_says_what_comes_of_it_is_an_instance_of_what_was_offered(
    text: str, calls: list[Call], end: Any
) -> None:
    found = asked(text, *calls, end=end)
    drafts = found.drafts if isinstance(found, Wanted) else ()
    if isinstance(found, Unclear) and found.draft is not None:
        drafts = (found.draft,)
    names = [draft.id for draft in drafts if draft.id]
    for draft in drafts:
        section = next(each for each in SECTIONS if each.id == draft.section)
        agent = next(each for each in (WEB1, DEMO) if each.name == draft.agent)
        assert section.pack in agent.packs
        for name, value in draft.slots.items():
            slot = section.slot(name)
            assert slot is not None
            assert not slot.from_agent
            assert RENDERER.check(section, name, value) is None
        assert {each.step for each in draft.outputs.values()} <= set(names)
        assert set(draft.needs) <= set(names)
    if isinstance(found, Wanted):
        assert len(set(names)) == len(names) == len(drafts)
