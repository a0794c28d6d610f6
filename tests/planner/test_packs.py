"""Hub and planner over the packs as they are shipped: the requests of the design pages, and every section's own example."""

import asyncio

import pytest

from bot.hub import Routed, route
from bot.model.plans import Agent
from bot.model.ports import Request, Unclear, Wanted
from bot.planner.offline import OfflinePlanner
from capabilities.library import Library
from capabilities.render import SectionRenderer

WEB1 = Agent("web1", "local:", ("linux-facts", "nginx-sites"), 2, ("nginx", "web"))
HERE = Agent("here", "local:", ("linux-facts", "demo-site"), 2)
LIBRARY = Library()
PLANNER = OfflinePlanner(LIBRARY, SectionRenderer())


def ask(text, *agents):
    routed = route(text, agents)
    assert isinstance(routed, Routed)
    return asyncio.run(PLANNER.plan(Request(routed.text, routed.agents)))


EXAMPLES = [(section.id, example) for section in LIBRARY.sections() for example in section.examples]


@pytest.mark.parametrize(("id", "example"), EXAMPLES)
def test_every_example_means_its_own_section(id, example):
    section = LIBRARY.section(id)
    idea = ask(example, Agent("any", "local:", (section.pack,)))
    assert isinstance(idea, Wanted)
    assert idea.drafts[0].section == id
    missing = [
        slot.name
        for slot in section.slots
        if slot.required and not slot.from_agent and slot.default is None
    ]
    assert set(missing) <= set(idea.drafts[0].slots)


@pytest.mark.parametrize(
    ("text", "pack", "words"),
    [
        ("ask web1 about disk space", "linux-facts", "disk"),
        ("what is using the disk on web1?", "linux-facts", "disk"),
        ("how much memory does web1 have", "linux-facts", "memory"),
        ("ask web1 about the load", "linux-facts", "load"),
        ("ask web1 about its uptime", "linux-facts", "uptime"),
        ("which ports are open on web1", "linux-facts", "ports"),
        ("is nginx running on web1", "linux-facts", "service"),
        ("web1: show me the logs", "linux-facts", "log"),
        ("tell nginx to list the sites", "nginx-sites", "sites"),
        ("tell nginx to show the error log", "nginx-sites", "error"),
    ],
)
def test_questions_about_facts(text, pack, words):
    idea = ask(text, WEB1)
    assert isinstance(idea, Wanted)
    section = LIBRARY.section(idea.drafts[0].section)
    assert section.pack == pack
    assert words in section.title


def test_the_request_of_the_pages():
    idea = ask("add a reverse proxy for shop.example.org to port 8080 on web1", WEB1, HERE)
    assert idea.drafts[0].agent == "web1"
    assert idea.drafts[0].slots == {"domain": "shop.example.org", "port": "8080"}
    idea = ask("add a reverse proxy for shop.example.org", WEB1, HERE)
    assert isinstance(idea, Unclear)
    assert idea.text == "Which port should shop.example.org go to?"


def test_the_request_of_the_demo():
    idea = ask("create a site called hello", HERE)
    assert (idea.drafts[0].section, idea.drafts[0].slots) == (
        "demo-site/create-a-site",
        {"name": "hello"},
    )


def test_the_letters_decide_between_equal_stems():
    assert ask("show sites", HERE).drafts[0].section == "demo-site/list-the-sites"
    assert ask("show site hello", HERE).drafts[0].slots == {"name": "hello"}
