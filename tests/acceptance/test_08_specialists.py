"""Several roles: a supervisor splits a wish, specialists plan their parts, people see one card. Each sees only what is its own."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Bot
from tests.acceptance.three_machines import WISH, furnish, tables
from tests.servers.scripted_model import Pick, Picks, ScriptedModel, step

ROLES = {"pve1": "infra", "dns1": "names", "mon1": "qa"}
NAMES_PROMPT = """\
---
name: names
description: Knows every domain of ours and who may have one.
---
# Names
A record waits for its machine. We never point two names to one address by hand.
"""
DOMAIN = "api-scanner.example.org"
CREATE, RECORD, WATCH = (
    "containers/create-a-container",
    "names/add-a-record",
    "monitors/watch-a-host",
)
Json = dict[str, Any]


def delegate(part: str, specialist: str, task: str, *after: str) -> Pick:
    return Pick(
        "delegate", {"Part": part, "Specialist": specialist, "Task": task, "After": [*after]}
    )


def asked_as(asked: Json) -> str:
    """Who is asked: `supervisor`, the role of a specialist, or `consulted ROLE`."""
    system = str(asked["messages"][0]["content"])
    if system.startswith("You lead a team"):
        return "supervisor"
    consulted = "consulted " if system.startswith("A colleague") else ""
    return consulted + system.partition("specialist for ")[2].partition(".")[0]


def tools(asked: Json) -> set[str]:
    return {each["function"]["name"] for each in asked["tools"]}


def words(asked: Json) -> str:
    return str(asked["messages"])


class Team:
    """What each of them says, by who is asked; the last answer of each is said again."""

    def __init__(self, model: ScriptedModel) -> None:
        self.model = model
        self.says: dict[str, list[Picks]] = {}
        model.answer = self.answer

    def plans(self, who: str, *calls: Pick) -> None:
        self.says.setdefault(who, []).append(Picks(calls))

    def answer(self, asked: Json) -> Picks:
        script = self.says.get(asked_as(asked), [Picks()])
        return script.pop(0) if len(script) > 1 else script[0]

    def asked(self, who: str) -> list[Json]:
        return [each for each in self.model.asked if asked_as(each) == who]


@pytest.fixture
def team(model: ScriptedModel) -> Team:
    """All of the wish, in three parts."""
    team = Team(model)
    team.plans(
        "supervisor",
        delegate("1", "infra", "Create a debian container called api-scanner on pve1."),
        delegate("2", "names", f"Point {DOMAIN} to the container.", "1"),
        delegate("3", "qa", f"Watch {DOMAIN}.", "1"),
    )
    team.plans("infra", step(CREATE, 1, "pve1", name="api-scanner"))
    team.plans("names", step(RECORD, 1, "dns1", domain=DOMAIN, address="@1-1.ip"))
    team.plans("qa", step(WATCH, 1, "mon1", domain=DOMAIN, address="@1-1.ip"))
    return team


@pytest.fixture
def yard(tmp_path: Path) -> Path:
    furnish(tmp_path)
    (tmp_path / "names.md").write_text(NAMES_PROMPT, encoding="utf8")
    return tmp_path


@pytest.fixture
def bot(
    configure: Callable[..., Path], bots: Callable[[Path], Bot], model: ScriptedModel, yard: Path
) -> Bot:
    more = {name: f'role = "{role}"' for name, role in ROLES.items()}
    roles = '[roles.names]\nprompt = "names.md"\n'
    return bots(configure(roles + tables(yard, model, more)))


def test_one_card_of_three_specialists(bot: Bot, team: Team, yard: Path) -> None:
    """Part after part where one needs what the other puts out, one approval, run as one graph."""
    bot.hears(WISH)
    card = bot.says("plan")
    steps = card["report"]["plan"]["steps"]
    assert [(each["id"], each["agent"], each["needs"]) for each in steps] == [
        ("1", "pve1", []),
        ("2", "dns1", ["1"]),
        ("3", "mon1", ["1"]),
    ]
    assert steps[1]["slots"]["address"] == {"output": {"step": "1", "name": "ip", "type": "ip"}}
    assert "4,200 tokens" in card["text"], "the supervisor and three specialists"
    bot.reacts("✅", card["message"])
    assert "192.0.2.17" in bot.says("result")["text"]
    assert (yard / "mon1" / f"{DOMAIN}.watch").read_text() == f"{DOMAIN} 192.0.2.17\n"


def test_each_sees_only_its_own(bot: Bot, team: Team) -> None:
    bot.hears(WISH)
    bot.says("plan")
    (supervisor,), (infra,), (names,), (qa,) = (
        team.asked(who) for who in ("supervisor", "infra", "names", "qa")
    )
    own = {"ask_the_person", "nothing_fits", "ask_a_colleague", "hand_over"}
    assert tools(supervisor) == {"delegate", "ask_the_person", "nothing_fits"}
    assert "Knows every domain of ours" in words(supervisor)
    assert "Can: add a record" in words(supervisor)
    for asked, section, agent in (
        (infra, CREATE, "pve1"),
        (names, RECORD, "dns1"),
        (qa, WATCH, "mon1"),
    ):
        assert tools(asked) - own == {section.replace("/", "__")}
        agents = words(asked).partition("Agents here:")[2].partition("A supervisor")[0]
        assert [name for name in ROLES if name in agents] == [agent]
    assert "We never point two names to one address" in words(names)
    assert "We never point" not in words(infra) + words(qa) + words(supervisor)
    assert "1-1: create a container on pve1: name api-scanner. Puts out @1-1.ip (ip)" in words(
        names
    )


def test_parts_that_do_not_need_each_other_are_planned_side_by_side(
    bot: Bot, team: Team, model: ScriptedModel
) -> None:
    together = threading.Barrier(2)

    def answer(asked: Json) -> Picks:
        if asked_as(asked) in {"names", "qa"}:
            together.wait(
                20
            )  # broken unless the other is asked meanwhile: the server then answers nothing
        return team.answer(asked)

    model.answer = answer
    bot.hears(WISH)
    assert len(bot.says("plan")["report"]["plan"]["steps"]) == 3
    assert not together.broken


def test_steps_of_a_part_before_the_one_before_may_be_used(bot: Bot, team: Team) -> None:
    team.says["supervisor"] = [
        Picks(
            (
                delegate("c", "qa", "Watch it.", "b"),
                delegate("b", "names", "Give it a name.", "a"),
                delegate("a", "infra", "Create the container called api-scanner."),
            )
        )
    ]
    bot.hears(WISH)
    steps = bot.says("plan")["report"]["plan"]["steps"]
    assert [(each["agent"], set(each["needs"])) for each in steps] == [
        ("pve1", set()),
        ("dns1", {"1"}),
        ("mon1", {"1", "2"}),
    ]


def test_what_others_have_planned_is_known_to_all(
    bot: Bot, team: Team, model: ScriptedModel
) -> None:
    """Broadcast: whoever thinks longer reads what was planned meanwhile, and that it is not its own."""
    planned = threading.Event()
    team.says["supervisor"] = [
        Picks(
            (
                delegate("a", "infra", "Create the container called api-scanner."),
                delegate("b", "names", "Give it a name.", "a"),
                delegate("c", "qa", "Watch it."),
            )
        )
    ]
    team.says["qa"] = [
        Picks((Pick("ask_a_colleague", {"Colleague": "names", "Question": "Now?"}),)),
        Picks((step(WATCH, 1, "mon1", domain=DOMAIN, address="192.0.2.17"),)),
    ]

    def answer(asked: Json) -> Picks:
        if asked_as(asked) == "names":  # it is asked when the part before it is planned
            planned.set()
        if asked_as(asked) == "consulted names":
            planned.wait(20)
        return team.answer(asked)

    model.answer = answer
    bot.hears(f"{WISH}, it will be at 192.0.2.17")
    bot.says("plan")
    first, second = (words(each) for each in team.asked("qa"))
    assert "create a container on pve1: name api-scanner" not in first
    heard = second.partition("Others have planned this")[2]
    assert "create a container on pve1: name api-scanner" in heard


def test_a_part_is_handed_over(bot: Bot, team: Team, yard: Path) -> None:
    team.says["supervisor"] = [
        Picks((delegate("1", "names", "Create a container called api-scanner on pve1."),))
    ]
    team.says["names"] = [Picks((Pick("hand_over", {"Colleague": "infra", "Why": "A machine."}),))]
    bot.hears("@infra a container called api-scanner, please")
    (only,) = bot.says("plan")["report"]["plan"]["steps"]
    assert (only["agent"], only["id"]) == ("pve1", "1")
    (infra,) = team.asked("infra")
    assert "hand_over" in tools(infra)
    offered = next(each for each in infra["tools"] if each["function"]["name"] == "hand_over")
    assert "names" not in offered["function"]["parameters"]["properties"]["Colleague"]["enum"]


def test_a_part_that_everybody_hands_over_ends_as_a_question(bot: Bot, team: Team) -> None:
    for who, to in (("infra", "names"), ("names", "qa"), ("qa", "infra")):
        team.says[who] = [Picks((Pick("hand_over", {"Colleague": to, "Why": "Not mine."}),))]
    bot.hears(WISH)
    assert "I could not make a plan of that" in bot.says("question")["text"]
    assert len(team.model.asked) < 12


def test_a_colleague_is_asked_and_its_words_fill_no_slot(bot: Bot, team: Team) -> None:
    team.says["supervisor"] = [Picks((delegate("1", "qa", "Watch the new host."),))]
    team.says["qa"] = [
        Picks((Pick("ask_a_colleague", {"Colleague": "names", "Question": "Which domain?"}),)),
        Picks((step(WATCH, 1, "mon1", domain="evil.example.com", address="192.0.2.66"),)),
    ]
    secret = "It is evil.example.com at 192.0.2.66."
    team.says["consulted names"] = [Picks((Pick("tell_the_person", {"answer": secret}),))]
    bot.hears("@infra watch the new host, and tell me when it is done")
    question = bot.says("question")["text"]
    assert "evil" not in question
    (consulted,) = team.asked("consulted names")
    assert "Which domain?" in words(consulted)
    assert tools(consulted) == {"tell_the_person"}
    assert secret in words(team.asked("qa")[1])


def test_a_question_of_one_is_the_question_of_all(bot: Bot, team: Team, yard: Path) -> None:
    """And the answer plans all of it anew."""
    team.says["names"].insert(
        0, Picks((Pick("ask_the_person", {"question": "Which domain?", "choices": []}),))
    )
    bot.hears(
        "@infra create a container on pve1 called api-scanner and give it a domain and watch it"
    )
    assert "Which domain?" in bot.says("question")["text"]
    bot.hears(DOMAIN)
    assert len(bot.says("plan")["report"]["plan"]["steps"]) == 3


def test_what_one_cannot_do_refuses_the_whole(bot: Bot, team: Team) -> None:
    team.says["qa"] = [Picks((Pick("nothing_fits", {"why": "We watch no scanners."}),))]
    bot.hears(WISH)
    assert "We watch no scanners." in bot.says("refusal")["text"]
    assert "plan" not in bot.posts("t1")


def test_one_wish_to_agents_of_one_role_needs_no_supervisor(bot: Bot, team: Team) -> None:
    bot.hears("@infra tell pve1 to create a container called api-scanner")
    bot.says("plan")
    assert [asked_as(each) for each in team.model.asked] == ["infra"]
    assert not tools(team.model.asked[0]) & {"hand_over", "ask_a_colleague"}


def test_a_role_is_a_name_too(bot: Bot, team: Team) -> None:
    bot.hears("@infra tell names to point api-scanner.example.org to 192.0.2.17")
    team.says["names"] = [Picks((step(RECORD, 1, "dns1", domain=DOMAIN, address="192.0.2.17"),))]
    (only,) = bot.says("plan")["report"]["plan"]["steps"]
    assert only["agent"] == "dns1"
    bot.hears("@infra agents", thread="t2")
    assert "`dns1` · names · level 3" in bot.says("answer", thread="t2")["text"]


def test_a_provider_that_fails_in_the_middle_leaves_nothing_half(bot: Bot, team: Team) -> None:
    team.says["qa"] = [Picks(status=400)]
    bot.hears(WISH)
    assert "openai could not be asked" in bot.says("plan", "refusal", "question")["text"]
    assert not any("‹ip" in str(line) for line in bot.heard), "no plan of two thirds"


def test_private_words_about_a_role_and_private_agents_are_told_to_nobody_outside(
    configure: Callable[..., Path],
    bots: Callable[[Path], Bot],
    team: Team,
    model: ScriptedModel,
    yard: Path,
) -> None:
    (yard / "names.md").write_text(f"{NAMES_PROMPT}The zone lives on 10.9.8.7.", encoding="utf8")
    more = {name: f'role = "{role}"' for name, role in ROLES.items()}
    more["mon1"] += '\nlabels = { rack = "r1.internal" }'
    tables_ = tables(yard, model, more).replace("[capabilities]", "local = false\n[capabilities]")
    team.says["supervisor"] = [
        Picks(
            (
                delegate("1", "infra", "Create a container called api-scanner."),
                delegate("2", "names", f"Point {DOMAIN} to it.", "1"),
            )
        )
    ]
    bot = bots(configure(f'[roles.names]\nprompt = "names.md"\n{tables_}'))
    bot.hears(WISH)
    assert len(bot.says("plan")["report"]["plan"]["steps"]) == 2
    assert "10.9.8.7" not in model.words
    assert "Knows every domain" not in model.words
    assert "mon1" not in model.words
    assert not any(
        "qa" in each["function"]["parameters"]["properties"]["Specialist"]["enum"]
        for each in team.asked("supervisor")[0]["tools"]
        if each["function"]["name"] == "delegate"
    )
