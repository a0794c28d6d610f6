"""Replies to questions, changes to a plan, and which agent is meant."""

import asyncio

import pytest
from msgspec.structs import replace

from bot.hub import Routed, route
from bot.model.plans import Agent, Draft
from bot.model.ports import Request, Unclear, Unknown, Wanted

PROXY = "nginx-sites/add-a-reverse-proxy"
CREATE = "demo-site/create-a-site"


def plan(planner, text, *agents, draft=None):
    return asyncio.run(planner.plan(Request(text, agents, draft)))


@pytest.mark.parametrize(
    "reply",
    ["8080", "8080.", "port 8080", "port: 8080", "use 8080 please", "it's 8080", "to port 8080", "port=8080", "`8080`", "localhost:8080"],
)  # fmt: skip
def test_a_port_in_a_reply(planner, web1, reply):
    asked = plan(planner, "add a reverse proxy for shop.example.org", web1)
    assert isinstance(asked, Unclear)
    assert asked.text == "Which port should shop.example.org go to?"
    assert planner.answer(asked.draft, asked.slot, reply) == Wanted(
        (Draft("web1", PROXY, {"domain": "shop.example.org", "port": "8080"}),)
    )


@pytest.mark.parametrize(
    "reply",
    [
        "hello",
        "hello.",
        "'hello'",
        "called hello",
        "it's hello",
        "call it hello",
        "name it hello please",
        "name: hello",
        "use hello",
    ],
)
def test_a_name_in_a_reply(planner, here, reply):
    asked = plan(planner, "create a site", here)
    assert asked.text == "Which site's name?"
    assert planner.answer(asked.draft, asked.slot, reply) == Wanted(
        (Draft("here", CREATE, {"name": "hello"}),)
    )


@pytest.mark.parametrize(
    "reply", ["hello; rm -rf /", "$(touch PWNED)", "../etc", "-rf", "x b", "", "'a b'"]
)
def test_a_bad_reply_is_asked_again(planner, here, reply):
    asked = planner.answer(Draft("here", CREATE), "name", reply)
    assert isinstance(asked, Unclear)
    assert asked.slot == "name"
    assert asked.draft.slots == {}


def test_a_refused_value_says_why(planner, web1):
    asked = plan(planner, "add a reverse proxy for shop.example.org to port 99999", web1)
    assert "65535" in asked.text
    assert asked.draft.slots == {"domain": "shop.example.org"}


def test_one_reply_may_fill_two_slots(planner, web1):
    asked = plan(planner, "add a reverse proxy", web1)
    done = planner.answer(asked.draft, asked.slot, "shop.example.org, port 8080")
    assert done.drafts[0].slots == {"domain": "shop.example.org", "port": "8080"}


def test_two_values_are_a_question_with_choices(planner, web1):
    asked = plan(
        planner, "add a reverse proxy for shop.example.org to port 8080 or port 9090", web1
    )
    assert asked.choices == ("8080", "9090")
    done = planner.answer(asked.draft, asked.slot, "9090")
    assert done.drafts[0].slots["port"] == "9090"


def test_a_slot_of_the_agent_is_never_filled_from_words(planner, web1):
    idea = plan(planner, "list sites prefix=/tmp/evil prefix /tmp/evil", web1)
    assert idea == Wanted((Draft("web1", "nginx-sites/list-sites", {}),))
    assert isinstance(planner.answer(Draft("web1", PROXY), "prefix", "/tmp/evil"), Unknown)


CHANGES = [
    ("use port 9090", {"port": "9090"}),
    ("port 9090 instead", {"port": "9090"}),
    ("make it 9090", {"port": "9090"}),
    ("no, port 9090", {"port": "9090"}),
    ("make it blog.example.org", {"domain": "blog.example.org"}),
    ("change the domain to blog.example.org", {"domain": "blog.example.org"}),
    ("use blog.example.org and port 9090", {"domain": "blog.example.org", "port": "9090"}),
    ("port=9090", {"port": "9090"}),
]


@pytest.mark.parametrize(("text", "changed"), CHANGES)
def test_changes(planner, shelf, text, changed):
    before = {"domain": "shop.example.org", "port": "8080", "prefix": "/etc/nginx"}
    assert planner.change(before, shelf.section(PROXY), text) == {**before, **changed}


@pytest.mark.parametrize(
    "text",
    [
        "make it world",
        "call it world",
        "use world",
        "name it world instead",
        "called world",
        "the name should be world",
    ],
)
def test_a_changed_name(planner, shelf, text):
    assert planner.change({"name": "hello"}, shelf.section(CREATE), text) == {"name": "world"}


@pytest.mark.parametrize(
    "text", ["thanks", "looks good", "use port 8080", "use port 99999", "9090 or 7070", "don't use port 9090", "use port 80;reboot", "prefix=/tmp/evil", ""]
)  # fmt: skip
def test_what_changes_nothing_is_a_question(planner, shelf, text):
    before = {"domain": "shop.example.org", "port": "8080", "prefix": "/etc/nginx"}
    asked = planner.change(before, shelf.section(PROXY), text, "web1")
    assert isinstance(asked, Unclear)
    assert asked.draft == Draft("web1", PROXY, {"domain": "shop.example.org", "port": "8080"})
    after = planner.answer(asked.draft, asked.slot, "use port 9090" if not asked.slot else "9090")
    assert after.drafts[0].slots["port"] == "9090"


def test_two_agents_that_can_are_a_question(planner, web1):
    web2 = replace(web1, name="web2")
    asked = plan(planner, "add a reverse proxy for shop.example.org to port 8080", web1, web2)
    assert (asked.kind, asked.text, asked.choices) == (
        "agent",
        "web1 and web2 can do this. Which?",
        ("web1", "web2"),
    )
    request = Request(
        "add a reverse proxy for shop.example.org to port 8080", (web1, web2), asked.draft
    )
    done = asyncio.run(planner.settle(request, "agent", asked.choices, "Web2."))
    assert done == Wanted((Draft("web2", PROXY, {"domain": "shop.example.org", "port": "8080"}),))
    again = asyncio.run(planner.settle(request, "agent", asked.choices, "web3"))
    assert (again.kind, again.choices) == ("agent", ("web1", "web2"))


def test_the_only_agent_with_the_pack_is_taken(planner, web1, here):
    idea = plan(planner, "create a site called hello", web1, here)
    assert idea.drafts[0].agent == "here"
    assert isinstance(plan(planner, "create a site called hello", web1), Unclear | Unknown)


def test_equal_sections_are_a_question(planner, web1):
    both = Agent("all", "local:", ("nginx-sites", "demo-site"))
    asked = plan(planner, "list sites", both)
    assert (asked.kind, asked.choices) == (
        "section",
        ("nginx-sites: list sites", "demo-site: list sites"),
    )
    request = Request("list sites", (both,))
    for reply in ("demo-site: list sites", "2", "the demo-site: list sites one"):
        done = asyncio.run(planner.settle(request, "section", asked.choices, reply))
        assert done == Wanted((Draft("all", "demo-site/list-sites", {}),))
    asked = asyncio.run(planner.settle(request, "section", asked.choices, "list sites"))
    assert asked.kind == "section"


def test_a_refusal_names_the_nearest_three(planner, web1):
    unknown = plan(planner, "reload nginx", web1)
    assert isinstance(unknown, Unknown)
    assert len(unknown.nearest) == 3
    assert all(name.startswith("nginx-sites: ") for name in unknown.nearest)


def test_a_vanished_section(planner, web1):
    assert isinstance(planner.answer(Draft("web1", "gone/gone"), "port", "8080"), Unknown)
    assert isinstance(plan(planner, "x", web1, draft=Draft("web1", "gone/gone")), Unknown)
    assert isinstance(plan(planner, "list sites", web1, draft=Draft("web9", "")), Unknown)


def test_a_huge_message_is_refused_at_once(planner, web1):
    huge = "remove the site shop.example.org " * 40_000
    routed = route(huge, (web1,))
    assert routed == Routed((web1,), huge)
    assert isinstance(plan(planner, routed.text, web1), Unknown)
    asked = planner.answer(Draft("web1", PROXY), "domain", huge)
    assert (asked.slot, asked.draft.slots) == ("domain", {})
    assert planner.answer(asked.draft, "", huge).draft.slots == {}


def test_a_guess_is_a_question_answered_by_yes(planner, web1):
    asked = plan(planner, "files in folder", web1)
    assert (asked.kind, asked.choices) == ("section", ("nginx-sites: add a static site",))
    request = Request("files in folder", (web1,))
    done = asyncio.run(planner.settle(request, "section", asked.choices, "Yes."))
    assert done.draft.section == "nginx-sites/add-a-static-site"


def test_a_misspelt_agent_is_settled(planner, web1):
    unsure = route("tell ngnix to list sites", (web1,))
    request = Request(unsure.text, (web1,), Draft("", ""))
    done = asyncio.run(planner.settle(request, "agent", unsure.choices, "yes"))
    assert done == Wanted((Draft("web1", "nginx-sites/list-sites", {}),))
