"""Who is addressed, in the words of people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hub import Nobody, Routed, Unsure, route
from bot.model.plans import Agent
from bot.model.roles import Role

WEB1 = Agent("web1", "local:", ("nginx-sites",), aliases=("nginx", "web"))
WEB2 = Agent("web2", "local:", ("nginx-sites",), aliases=("web",))
DB1 = Agent("db1", "local:", ("linux-facts",), aliases=("postgres",))
ALL = (WEB1, WEB2, DB1)

NAMED = [
    ("tell nginx to list sites", "web1", "list sites"),
    ("please tell nginx to list sites", "web1", "please list sites"),
    ("Tell NGINX to list sites", "web1", "list sites"),
    ("ask web1 about disk space", "web1", "disk space"),
    ("ask WEB1 for the disk space", "web1", "the disk space"),
    ("ask web1 what is using the disk", "web1", "what is using the disk"),
    ("ask the agent web1 about disk space", "web1", "disk space"),
    ("have web1 list the sites", "web1", "list the sites"),
    ("web1: disk space", "web1", "disk space"),
    ("web1, how full is the disk?", "web1", "how full is the disk?"),
    ("hey web1: disk", "web1", "hey disk"),
    ("what is using the disk on web1?", "web1", "what is using the disk"),
    ("what is using the disk on the server web1", "web1", "what is using the disk"),
    ("what is on web1 using the disk", "web1", "what is using the disk"),
    ("add a reverse proxy for shop.example.org to port 8080 on web1", "web1", "add a reverse proxy for shop.example.org to port 8080"),
    ("show the error log of web1", "web1", "show the error log"),
    ("show the load on postgres", "db1", "show the load"),
    ("disk space web1", "web1", "disk space web1"),
    ("how much memory does web1 have", "web1", "how much memory does web1 have"),
    ("what is web1's load", "web1", "what is load"),
    ("ask web1 and db1 about disk", "web1 db1", "disk"),
    ("ask web1", "web1", ""),
    ('on web1: create a site called "a  b"', "web1", 'create a site called "a  b"'),
]  # fmt: skip

UNNAMED = [
    "show nginx errors",
    "test the configuration of nginx",
    "what listens on port 8080",
    "disk on eth0",
    "space on the disk",
    "tell me about the disk",
    "ask about the disk",
    "note: list the sites",
    "create a site called web1",
    "create a site called 'on web1'",
    "create a site called `tell web1 to stop`",
    "list sites on demand",
    "",
]

MISSPELT = [
    ("tell ngnix to list sites", "web1", "list sites"),
    ("ask wbe1 about disk", "web1 web2", "disk"),
    ("wbe2: disk", "web2", "disk"),
    ("disk on bd1", "db1", "disk"),
    ("disk on postgers please", "db1", "disk please"),
    ("disk on web3", "web1 web2", "disk"),
]


@pytest.mark.parametrize(("text", "names", "rest"), NAMED)
def test_named(text, names, rest):
    routed = route(text, ALL)
    assert isinstance(routed, Routed)
    assert (" ".join(agent.name for agent in routed.agents), routed.text) == (names, rest)
    assert routed.named


@pytest.mark.parametrize("text", UNNAMED)
def test_nobody_named_is_everybody(text):
    assert route(text, ALL) == Routed(ALL, text)


@pytest.mark.parametrize(("text", "names", "rest"), MISSPELT)
def test_a_misspelt_name_is_a_question(text, names, rest):
    unsure = route(text, ALL)
    assert isinstance(unsure, Unsure)
    assert set(names.split()) >= set(unsure.choices)
    assert unsure.choices
    assert unsure.text == rest
    assert "Did you mean" in unsure.question


def test_the_nearest_name_is_offered():
    unsure = route("tell ngnix to list sites", ALL)
    assert unsure == Unsure(
        "I know no agent called ngnix. Did you mean web1?", ("web1",), "list sites"
    )


def test_a_shared_alias_is_a_question():
    expected = Unsure("web1 and web2 are both called web. Which?", ("web1", "web2"), "list sites")
    assert route("tell web to list sites", ALL) == expected
    assert route("list sites on web", ALL) == expected


def test_a_name_comes_before_an_alias():
    other = Agent("web", "local:", ())
    assert route("tell web to list sites", (*ALL, other)) == Routed(
        (other,), "list sites", named=True
    )


@pytest.mark.parametrize(
    "text", ["ask frontend about disk", "tell backup to run", "disk on vault9"]
)
def test_an_unknown_agent_is_named(text):
    nobody = route(text, ALL)
    assert isinstance(nobody, Nobody)
    assert nobody.why.endswith("Here: web1, web2 and db1.")


ROLES = (Role("infra", ("web1", "web2")), Role("data", ("db1",)), Role("web1", ("db1",)))


@pytest.mark.parametrize(
    ("text", "names", "rest"),
    [
        ("ask infra about disk space", "web1 web2", "disk space"),
        ("tell DATA to list sites", "db1", "list sites"),
        ("please ask the data what is slow", "db1", "please what is slow"),
        ("data: how full is the disk?", "db1", "how full is the disk?"),
        ("tell web1 to list sites", "web1", "list sites"),
    ],
)
def test_a_role_is_all_who_carry_it_where_a_sentence_begins_with_it(
    text: str, names: str, rest: str
) -> None:
    found = route(text, ALL, ROLES)
    assert isinstance(found, Routed)
    assert " ".join(agent.name for agent in found.agents) == names
    assert (found.text, found.named) == (rest, True)


@pytest.mark.parametrize(
    "text", ["remove the data from it", "list the sites, data and all", "what infra is there"]
)
def test_the_word_of_a_role_elsewhere_is_a_word_of_the_request(text: str) -> None:
    assert route(text, ALL, ROLES) == Routed(ALL, text)


def test_a_role_without_agents_in_this_room_is_nobody() -> None:
    assert isinstance(route("ask data about disk", (WEB1, WEB2), ROLES), Nobody)


def test_without_agents():
    assert isinstance(route("disk", ()), Nobody)


def test_an_agent_called_port_is_no_port():
    port = Agent("port", "local:", ())
    assert route("what listens on port 8080", (WEB1, port)).text == "what listens on port 8080"


SAID = "tell ask web1 wbe1 nginx on to about : , 'on web1' \"x  y\" web 8080 and the of \0 db1's"
WORDS = st.sampled_from(SAID.split(" "))


@given(st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=12).map(" ".join)))
def test_any_text_is_routed_and_no_word_is_made_up(text):
    routing = route(text, ALL)
    if isinstance(routing, Routed | Unsure):
        left = iter(text)
        assert all(char in left for char in routing.text.replace(" ", ""))
