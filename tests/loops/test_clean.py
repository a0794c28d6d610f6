"""A model's sentence, as people may read it."""

import pytest
from msgspec.structs import replace

from bot.cases.think import clean
from bot.redact import SecretRedactor
from tests.loops.conftest import Scene

TOKEN = "ghp_" + "A1b2" * 9


@pytest.mark.parametrize("cut", range(2, len(TOKEN)))
async def test_a_secret_that_was_cut_off_with_the_end_is_not_shown(scene: Scene, cut: int) -> None:
    house = replace(scene.house, redactor=SecretRedactor())
    words = "It is " + "w " * 200
    before = words[: 399 - cut]
    said = clean(house, f"{before} {TOKEN[: cut - 1]}…"[-400:])
    assert len(said) <= 401
    assert TOKEN[:5] not in said
    assert said.endswith(" …")


async def test_a_short_one_is_redacted_and_stays(scene: Scene) -> None:
    house = replace(scene.house, redactor=SecretRedactor())
    assert clean(house, f"It is {TOKEN}, wait…") == "It is •••, wait…"
    assert clean(house, "Because you asked.") == "Because you asked."
