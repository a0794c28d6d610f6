"""People, plans and votes for the tests of approvals."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from approvals import gate
from approvals.people import People
from approvals.policy import DefaultPolicy, Policy
from bot.model.approvals import ApprovalRequest, Requirement, Vote
from bot.model.people import Account, Conversation, Person
from bot.model.plans import Agent, Plan, Step, digest
from bot.model.sections import Exec, ExecTemplate, Piece, Risk, Section, Word

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PLAN = "0193a0000000700080000000000a7f3a"
TALK = Conversation("console", "room", "t1")
DIGEST = digest(b"revision 1")


def account(name: str, instance: str = "console") -> Account:
    return Account(instance, name)


def person(name: str, *roles: str) -> Person:
    return Person(name, roles, (account(name), account(name, "matrix")))


ALICE = person("alice", "operator", "lead")
BOB = person("bob", "operator")
CAROL = person("carol", "guest")
TEAM = People([ALICE, BOB, CAROL])
ALONE = People([ALICE])


def step(risk: Risk, name: str = "s1") -> Step:
    template = ExecTemplate(((Word((Piece("true"),)),),))
    section = Section(f"pack/{risk}", "pack", f"do a {risk}", risk, risk.rank, (template,))
    agent = Agent("web1", "local:", ("pack",), level=3)
    return Step(name, agent, "local:", section, {}, (Exec((("true",),)),))


def plan(*risks: Risk, requesters: tuple[str, ...] = ("alice",), revision: int = 1) -> Plan:
    steps = tuple(step(risk, f"s{number}") for number, risk in enumerate(risks, 1))
    return Plan(PLAN, revision, "please", requesters, TALK, steps)


def request(
    *risks: Risk,
    people: People = TEAM,
    requesters: tuple[str, ...] = ("alice",),
    policy: Policy | None = None,
) -> ApprovalRequest:
    made = plan(*risks, requesters=requesters)
    return gate.request(made, DIGEST, policy or DefaultPolicy(), people, NOON)


def requiring(
    *requirements: Requirement, requesters: tuple[str, ...] = ("alice",)
) -> ApprovalRequest:
    return ApprovalRequest(
        PLAN,
        1,
        DIGEST,
        requesters,
        Risk.CHANGE,
        requirements,
        "test",
        NOON,
        NOON + timedelta(hours=8),
    )


def vote(
    name: str,
    verdict: Literal["approve", "reject"] = "approve",
    *,
    way: Literal["reaction", "click", "typed", "named"] = "reaction",
    after: float = 60,
    instance: str = "console",
    digest: str = DIGEST,
    reason: str = "",
) -> Vote:
    """A vote `after` so many seconds since noon."""
    at = NOON + timedelta(seconds=after)
    return Vote(name, account(name, instance), digest, verdict, at, way, reason)
