"""The default policy, in its own words."""

from datetime import timedelta

import pytest

from approvals.explain import explain
from approvals.policy import DefaultPolicy
from bot.model.approvals import Need
from bot.model.sections import Risk
from tests.approvals.making import ALONE, NOON, TEAM, plan, request

POLICY = DefaultPolicy()


def test_read_needs_nobody() -> None:
    assert POLICY.requirements(plan(Risk.READ, Risk.READ), TEAM) == ()


@pytest.mark.parametrize("risk", [Risk.LOW, Risk.CHANGE])
def test_low_and_change_need_one_operator_who_may_have_asked(risk: Risk) -> None:
    (found,) = POLICY.requirements(plan(risk), TEAM)
    assert found.needs == (Need(1, "operator"),)
    assert found.self_approval
    assert not found.typed


def test_destroy_needs_an_operator_who_did_not_ask() -> None:
    (found,) = POLICY.requirements(plan(Risk.DESTROY), TEAM)
    assert found.needs == (Need(1, "operator"),)
    assert not found.self_approval
    assert not found.typed


def test_destroy_with_only_one_person_known_needs_the_short_id_typed() -> None:
    (found,) = POLICY.requirements(plan(Risk.DESTROY), ALONE)
    assert found.typed
    assert found.self_approval


def test_every_step_counts_and_equal_requirements_stand_once() -> None:
    mixed = plan(Risk.READ, Risk.LOW, Risk.CHANGE, Risk.DESTROY)
    assert [found.rule for found in POLICY.requirements(mixed, TEAM)] == [
        "default: low and change",
        "default: destroy",
    ]


def test_the_operator_and_the_expiry_are_settings_and_change_the_version() -> None:
    other = DefaultPolicy("sre", timedelta(minutes=5))
    assert other.version != POLICY.version
    made = request(Risk.LOW, policy=other)
    assert made.requirements[0].needs == (Need(1, "sre"),)
    assert made.expires_at == NOON + timedelta(minutes=5)
    assert request(Risk.LOW).expires_at == NOON + timedelta(hours=8)


def test_explain_says_which_rule_asks_for_what() -> None:
    text = explain(plan(Risk.READ, Risk.DESTROY), request(Risk.READ, Risk.DESTROY), POLICY)
    assert text.splitlines() == [
        "Plan 7f3a, revision 1: destroy, asked by alice",
        '1. pack/read on web1 is read: rule "default: read"',
        '2. pack/destroy on web1 is destroy: rule "default: destroy"',
        'Rule "default: destroy": 1 approval by an operator other than alice; one rejection ends it',
        f"Stands until 2026-11-20 20:00:00 UTC, policy {POLICY.version}",
    ]


def test_explain_of_an_automatic_approval_and_of_a_policy_changed_since() -> None:
    text = explain(plan(Risk.READ), request(Risk.READ), DefaultPolicy("sre"))
    assert "Nothing is needed: it is approved automatically." in text
    assert text.endswith("at the claim both must be met.")
