"""Whatever is written, the planner answers with a value, and every value in a draft passed the type's check."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.plans import Agent, Draft
from bot.model.ports import Request, Unclear, Unknown, Wanted
from bot.model.sections import Risk, Section, Slot
from bot.planner.slots import extract
from bot.planner.text import read
from capabilities.render import SectionRenderer

EVERYWHERE = Agent("all", "local:", ("nginx-sites", "linux-facts", "demo-site"))
CHECK = SectionRenderer()

SAID = (
    "add a reverse proxy static site create remove list called named domain port root name lines to for on from or and "
    "is = : , ; shop.example.org blog.example.org 8080 99999 /srv/x /srv/../etc hello -rf $(touch `id` \" ' | > & 10.0.0.1 "
    "::1 a:80 port=80 name='a b' name=\"x;y\" domain=-x 50 no don't"
)
PIECES = st.one_of(st.sampled_from(SAID.split(" ")), st.text(max_size=12))
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=14).map(" ".join))


@given(TEXTS)
def test_every_slot_of_a_draft_passed_the_check(planner, shelf, text):
    idea = asyncio.run(planner.plan(Request(text, (EVERYWHERE,))))
    for draft in drafts(idea):
        section = shelf.section(draft.section)
        assert all(CHECK.check(section, name, value) is None for name, value in draft.slots.items())
        assert all(not section.slot(name).from_agent for name in draft.slots)
        assert all(value in text for value in draft.slots.values())


@given(TEXTS, st.sampled_from(["name", "port", "domain", ""]))
def test_so_did_every_answer(planner, shelf, text, slot):
    section = "demo-site/create-a-site" if slot == "name" else "nginx-sites/add-a-reverse-proxy"
    for draft in drafts(planner.answer(Draft("all", section), slot, text)):
        assert all(
            CHECK.check(shelf.section(section), name, value) is None
            for name, value in draft.slots.items()
        )


def drafts(idea):
    match idea:
        case Wanted(found):
            return found
        case Unclear():
            return [idea.draft] if idea.draft and idea.draft.section else []
        case Unknown():
            return []
    raise AssertionError(idea)


KINDS = "name id hostname fqdn ip cidr int port size duration email url path text pattern enum list secret"
TYPES = KINDS.split()


@given(TEXTS, st.lists(st.sampled_from(TYPES), min_size=1, max_size=4))
def test_no_token_fills_two_slots(text, types):
    slots = tuple(
        Slot(f"s{number}", kind, choices=("a", "hello"), item="port")
        for number, kind in enumerate(types)
    )
    section = Section("p/s", "p", "add a site", Risk.READ, 0, (), slots)
    found = extract(section, text, lambda _slot, _value: None)
    used = [
        each
        for value in found.slots.values()
        for each in ((value,) if isinstance(value, str) else value)
    ]
    there = [token.text for token in read(text)]
    for value in set(used):
        assert used.count(value) <= sum(value in token or token in value for token in there)


def made(*slots: Slot) -> Section:
    return Section("p/copy", "p", "copy a thing", Risk.CHANGE, 2, (), slots, ("copy things",))


IP_PAIR = made(Slot("source", "ip"), Slot("target", "ip"))
TIMED = made(Slot("timeout", "duration"), Slot("size", "size"))
MAIL = made(
    Slot("mail", "email"), Slot("page", "url"), Slot("level", "enum", choices=("debug", "info"))
)
LIST = made(Slot("ports", "list", item="port"), Slot("title", "text"))

CASES = [
    (IP_PAIR, "copy from 10.0.0.1 to 10.0.0.2", {"source": "10.0.0.1", "target": "10.0.0.2"}),
    (IP_PAIR, "copy to 10.0.0.2 from 10.0.0.1", {"source": "10.0.0.1", "target": "10.0.0.2"}),
    (IP_PAIR, "copy source 10.0.0.1 target=10.0.0.2", {"source": "10.0.0.1", "target": "10.0.0.2"}),
    (IP_PAIR, "copy 10.0.0.1 10.0.0.2", {}),
    (IP_PAIR, "copy 10.0.0.1", {}),
    (IP_PAIR, "copy from ::1", {"source": "::1"}),
    (TIMED, "copy with timeout 30s and size 5G", {"timeout": "30s", "size": "5G"}),
    (TIMED, "copy with timeout 10 minutes", {"timeout": "10m"}),
    (TIMED, "copy 512M within 2h", {"size": "512M", "timeout": "2h"}),
    (MAIL, "copy for bob@example.org from https://example.org/x at level debug", {"mail": "bob@example.org", "page": "https://example.org/x", "level": "debug"}),
    (MAIL, "copy at Debug level", {"level": "debug"}),
    (MAIL, "copy at level trace", {}),
    (LIST, 'copy 80 and 443 titled "a b; c"', {"ports": ("80", "443"), "title": "a b; c"}),
    (LIST, "copy title of the thing", {}),
]  # fmt: skip


@pytest.mark.parametrize(("section", "text", "slots"), CASES)
def test_types(section, text, slots):
    found = extract(section, text, lambda slot, value: CHECK.check(section, slot, value))
    assert found.slots == slots
