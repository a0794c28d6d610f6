"""What came by voice is approved by a person, whatever the rules say."""

import pytest
from msgspec.structs import replace

from approvals import gate
from approvals.people import People
from approvals.policy import DefaultPolicy
from bot.model.approvals import Requirement
from bot.model.plans import Plan
from bot.model.sections import Refusal, Risk
from bot.store.documents import dump, load
from tests.approvals.making import DIGEST, NOON, TEAM, plan, vote


class Lax(DefaultPolicy, frozen=True):
    """Rules that let everything run at once."""

    def requirements(self, plan: Plan, people: People) -> tuple[Requirement, ...]:
        return ()


@pytest.mark.parametrize("risk", [Risk.LOW, Risk.CHANGE, Risk.DESTROY])
def test_a_spoken_plan_is_never_approved_by_itself(risk: Risk) -> None:
    typed, spoken = plan(risk), replace(plan(risk), spoken=True)
    assert not gate.request(typed, DIGEST, Lax(), TEAM, NOON).requirements
    asked = gate.request(spoken, DIGEST, Lax(), TEAM, NOON)
    assert asked.requirements
    assert gate.recheck(asked, [vote("alice")], TEAM, Lax(), spoken, NOON) is None
    unasked = gate.request(typed, DIGEST, Lax(), TEAM, NOON)
    assert isinstance(gate.recheck(unasked, [], TEAM, Lax(), spoken, NOON), Refusal)


def test_a_spoken_question_is_answered_at_once() -> None:
    spoken = replace(plan(Risk.READ), spoken=True)
    assert not gate.request(spoken, DIGEST, DefaultPolicy(), TEAM, NOON).requirements


def test_a_plan_of_before_there_were_voices_is_typed() -> None:
    stored = dump(plan(Risk.LOW)).replace(b',"spoken":false', b"")
    assert b"spoken" not in stored
    assert load(Plan, stored) == plan(Risk.LOW)
