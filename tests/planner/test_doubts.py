"""What the planner without a model asks about first, though a capability fits: a doubt is a question, never a plan."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hub import Routed, route
from bot.model.plans import Agent
from bot.model.ports import Request, Unclear, Wanted
from bot.planner.offline import OfflinePlanner
from bot.planner.typos import mended, vocabulary
from capabilities.library import Library
from capabilities.render import SectionRenderer

WEB1 = Agent("web1", "local:", ("linux-facts", "nginx-sites"), 3)
DEMO1 = Agent("demo1", "local:", ("linux-facts", "demo-site"), 3)
LIBRARY = Library()
PLANNER = OfflinePlanner(LIBRARY, SectionRenderer())


def ask(text):
    routed = route(text, (WEB1, DEMO1))
    assert isinstance(routed, Routed)
    return asyncio.run(PLANNER.plan(Request(routed.text, routed.agents)))


def planned(text):
    idea = ask(text)
    assert isinstance(idea, Wanted), idea
    draft = idea.drafts[0]
    return draft.section.partition("/")[2], draft.slots


@pytest.mark.parametrize(
    "text",
    [
        "should I remove the site shop.example.org on web1?",
        "what happens when I remove the site shop.example.org on web1",
        "if nobody minds, remove the site shop.example.org on web1",
        "remove the site shop.example.org on web1 tomorrow",
        "remove the site shop.example.org on web1 at 22:00",
        "bob said: remove the site shop.example.org on web1",
        "so you can remove the site shop.example.org on web1?",
        "¿cómo elimino el sitio shop.example.org de web1?",
        "soll ich die Seite shop.example.org auf web1 entfernen",
    ],
)
def test_a_change_must_be_wished_now(text):
    assert not isinstance(ask(text), Wanted)


@pytest.mark.parametrize(
    "text",
    [
        "could you please remove the site shop.example.org on web1?",
        "remove the site shop.example.org on web1 if you can",
        "I would be glad if you could remove the site shop.example.org on web1",
        "Hello there! Please remove the site shop.example.org on web1, thanks a lot.",
        "Kannst du bitte die Seite shop.example.org auf web1 entfernen?",
    ],
)
def test_a_polite_wish_is_one(text):
    assert planned(text) == ("remove-a-site", {"domain": "shop.example.org"})


@pytest.mark.parametrize(
    "text",
    [
        "fix the failed services on web1",
        "free up disk space on web1",
        "print the open ports on web1 and close them",
        "restore the site shop.example.org on web1",
        "copy the site hello on demo1",
        "status of nginx and apache on web1",
        "memory of web1 from last Tuesday",
        "set up disk encryption on web1",
    ],
)
def test_a_word_that_nothing_explains(text):
    assert not isinstance(ask(text), Wanted)


@pytest.mark.parametrize(
    "text",
    [
        "list the sites shop.example.org on web1",
        "memory on web1 30",
        'the disk space on web1 "and the uptime"',
        "errors from the last 2 hours on web1",
        "disk space on web1 /var",
        "uptime on web1 format=json",
    ],
)
def test_a_value_that_nothing_takes(text):
    idea = ask(text)
    assert isinstance(idea, Unclear)
    assert idea.kind == "section"


def test_a_part_that_stands_on_its_own_is_enough():
    text = "The shop was slow all morning and everybody blames us. How much memory does web1 have?"
    assert planned(text) == ("show-the-memory", {})


def test_what_explains_everything_comes_first():
    text = "list the 25 processes using the most memory on web1"
    assert planned(text) == ("show-the-processes-that-use-the-memory", {"count": "25"})


@pytest.mark.parametrize(
    ("text", "section", "slots"),
    [
        ("show the last twenty lines of the system log on web1", "show-the-system-log", {"lines": "20"}),
        ("top ten processes on web1", "show-the-processes", {"count": "10"}),
        ("die letzten fünfzig Zeilen vom Systemlog auf web1", "show-the-system-log", {"lines": "50"}),
    ],
)  # fmt: skip
def test_numbers_in_words(text, section, slots):
    assert planned(text) == (section, slots)


@pytest.mark.parametrize(
    "text", ["the last two hundred lines of the system log on web1", "ten processes on web1"]
)
def test_a_number_in_words_is_never_half_read(text):
    assert not isinstance(ask(text), Wanted)


def test_the_agents_name_is_no_value():
    idea = ask("Status vom Dienst auf web1")
    assert isinstance(idea, Unclear)
    assert idea.slot == "service"
    assert isinstance(ask("log of the service web1"), Unclear)
    assert planned("create a site called demo1 on demo1") == ("create-a-site", {"name": "demo1"})


@pytest.mark.parametrize(
    ("text", "section"),
    [
        ("memroy on web1", "show-the-memory"),
        ("wat is the uptiem of web1", "show-the-uptime"),
        ("chek teh nginx configuraton on web1", "test-the-configuration"),
    ],
)
def test_misspelt_questions(text, section):
    assert planned(text)[0] == section


@pytest.mark.parametrize(
    "text",
    [
        "craete a site called hello on demo1",
        "statc site for shop.example.org on web1",
        "posts on web1",
        "wipe the disk usage report on web1",
    ],
)
def test_nothing_is_changed_and_nothing_wiped_on_a_guess(text):
    assert not isinstance(ask(text), Wanted)


def test_a_value_is_never_put_right():
    assert planned("staus of the service nginz on web1")[1] == {"service": "nginz"}


SECTIONS = LIBRARY.sections(("linux-facts",))
SPELT = vocabulary(SECTIONS)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("memroy", "memory"),
        ("free  memroy, please!", "free  memory, please!"),
        ('the "memroy" of web1', 'the "memroy" of web1'),
        ("memory", "memory"),
        ("kill it", "kill it"),
        ("parts", "parts"),
        ("", ""),
    ],
)
def test_mended(text, wanted):
    assert mended(text, SPELT, frozenset(("web1",)), lambda word: False) == wanted


def test_a_word_that_a_section_knows_is_left():
    assert mended("memroy", SPELT, frozenset(), lambda word: True) == "memroy"


@given(st.text(max_size=120))
def test_any_text_is_mended(text):
    mended(text, SPELT, frozenset(), lambda word: False)


SAID = (
    "show remove add the site sites disk memory log of service nginx on web1 demo1 please not never if when and or called hello "
    '"hello" shop.example.org port 8080 30 lines restart delete everything tomorrow how why don\'t auf lösche seite'
)
WORDS = st.sampled_from(SAID.split(" "))


@given(st.lists(WORDS, max_size=10).map(" ".join))
def test_no_destruction_without_its_own_words(text):
    routed = route(text, (WEB1, DEMO1))
    if not isinstance(routed, Routed):
        return
    idea = asyncio.run(PLANNER.plan(Request(routed.text, routed.agents)))
    if isinstance(idea, Wanted) and idea.drafts[0].section.endswith("remove-a-site"):
        words = set(text.split())
        assert words & {"remove", "delete", "lösche"}
        assert not words & {"not", "never", "don't", "if", "when", "how", "why", "tomorrow"}
