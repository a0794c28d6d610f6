"""Who is asked: what is private stays at home, whatever the others do; who fails is left alone, longer and longer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.errors import PermanentError, TemporaryError
from bot.model.llm import Prompt, Reply
from bot.planner.router import LONGEST_PAUSE, PAUSE, TRIPS, Provider, Router


class Nobody:
    """A model that is never asked here."""

    async def reply(self, prompt: Prompt) -> AsyncIterator[str | Reply]:
        raise AssertionError(prompt)
        yield ""

    async def close(self) -> None: ...


class Watch:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


def providers() -> list[Provider]:
    return [
        Provider("claude", Nobody()),
        Provider("gpt", Nobody()),
        Provider("home", Nobody(), local=True),
        Provider("unpriced", Nobody()),
    ]


def names(found: list[Provider]) -> list[str]:
    return [each.name for each in found]


def test_the_teams_order() -> None:
    assert names(Router(providers(), Watch()).allowed(private=False)) == [
        "claude",
        "gpt",
        "home",
        "unpriced",
    ]


def test_by_cost_and_by_latency() -> None:
    seen = ((2.0, 0.03), (1.0, 0.02), (9.0, 0.0), (3.0, 0.05))
    for prefer, expected in (
        ("cost", ["home", "gpt", "claude", "unpriced"]),
        ("latency", ["gpt", "claude", "unpriced", "home"]),
    ):
        router = Router(providers(), Watch(), prefer)  # type: ignore[arg-type]  # from its own words
        for provider, (seconds, dollars) in zip(router.providers, seen, strict=True):
            router.answered(provider, seconds, dollars)
        assert names(router.allowed(private=False)) == expected


def test_whose_price_is_not_known_is_not_cheapest() -> None:
    """Before its first answer it is tried like everybody; then it is known that nothing is known."""
    router = Router(providers()[:2], Watch(), "cost")
    known, unpriced = router.providers
    router.answered(known, 1.0, 0.02)
    assert router.allowed(private=False) == [unpriced, known]
    router.answered(unpriced, 1.0, None)
    assert router.allowed(private=False) == [known, unpriced]


def test_who_fails_is_left_alone_and_tried_again_later() -> None:
    clock = Watch()
    router = Router(providers(), clock)
    first = router.providers[0]
    for _ in range(TRIPS - 1):
        router.failed(first, TemporaryError("down"))
    assert first in router.allowed(private=False)
    router.failed(first, TemporaryError("down"))
    assert first not in router.allowed(private=False)
    clock.at += PAUSE + 1
    assert first in router.allowed(private=False)
    router.failed(first, TemporaryError("down"))
    clock.at += PAUSE + 1
    assert first not in router.allowed(private=False)
    clock.at += PAUSE
    router.answered(first, 1.0, None)
    router.failed(first, TemporaryError("down"))
    assert first in router.allowed(private=False)


def test_who_never_comes_back_is_tried_again_for_ever() -> None:
    clock = Watch()
    router = Router(providers(), clock)
    first = router.providers[0]
    for number in range(2_000):
        router.failed(first, TemporaryError("down"))
        wait = first.shut_until - clock.at
        assert number < TRIPS - 1 or PAUSE <= wait <= LONGEST_PAUSE
        clock.at = max(clock.at, first.shut_until)
        assert first in router.allowed(private=False)
    assert wait == LONGEST_PAUSE


@pytest.mark.parametrize("reason", ["too long", "schema"])
def test_what_is_wrong_with_one_question_shuts_nobody(reason: str) -> None:
    router = Router(providers(), Watch())
    for _ in range(TRIPS + 1):
        router.failed(router.providers[0], PermanentError("no", reason=reason))
    assert "claude" in names(router.allowed(private=False))
    assert router.trouble(private=False) == ""


def test_why_nobody_is_ready_is_known_of_whoever_may_be_asked() -> None:
    router = Router(providers(), Watch())
    for provider in router.providers:
        router.failed(provider, PermanentError(f"{provider.name} is down"))
    assert router.allowed(private=False) == []
    assert "claude is down" in router.trouble(private=False)
    assert "home is down" in router.trouble(private=True)


def test_who_asks_to_wait_is_not_asked_meanwhile() -> None:
    clock = Watch()
    router = Router(providers(), clock)
    router.failed(router.providers[0], TemporaryError("slow down", after=60.0))
    clock.at += 59
    assert names(router.allowed(private=False)) == ["gpt", "home", "unpriced"]
    clock.at += 2
    assert "claude" in names(router.allowed(private=False))


def test_a_wrong_key_is_not_tried_with_every_message() -> None:
    router = Router(providers(), Watch())
    router.failed(router.providers[0], PermanentError("wrong key"))
    assert "claude" not in names(router.allowed(private=False))


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.floats(0, 500)), max_size=40),
    st.sampled_from(["order", "cost", "latency"]),
)
def test_private_is_never_for_anybody_outside(
    moves: list[tuple[bool, int, float]], prefer: str
) -> None:
    clock = Watch()
    router = Router(providers(), clock, prefer)  # type: ignore[arg-type]  # drawn from its own words
    for works, which, wait in moves:
        provider = router.providers[which]
        if works:
            router.answered(provider, wait, wait)
        else:
            router.failed(provider, TemporaryError("down", after=wait))
        clock.at += wait
        assert all(each.local for each in router.allowed(private=True))
