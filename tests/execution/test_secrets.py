"""A secret in what a target says of itself, or shows to a look, is in no attempt, no word and no question."""

from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from bot.model.errors import TemporaryError
from bot.model.runs import Limits, Outcome
from bot.model.sections import Action
from tests.execution.making import SECRET, Scene, section
from tests.execution.test_doubt import back, dies_at_the_second_of_three, only_question

TOLD = f"The key {SECRET} was refused."


@dataclass(frozen=True)
class Tells:
    """Implements `ports.Target`: a machine that says the same of every action, or raises it."""

    outcome: Outcome | TemporaryError

    async def identity(self) -> str:
        return "a machine"

    async def perform(self, action: Action, limits: Limits, attempt: str) -> Outcome:
        if isinstance(self.outcome, TemporaryError):
            raise self.outcome
        return self.outcome

    async def recall(self, attempt: str) -> Outcome | None:
        return None

    async def close(self) -> None:
        return None


async def test_in_the_words_of_a_failure(scene: Scene) -> None:
    tells = Tells(Outcome(None, fault="refused", words=TOLD))
    scene.others["web1"] = tells  # type: ignore[assignment]  # a target like any other
    ended = await scene.run(await scene.step("s1", "true"))
    assert ended.state == "failed"
    assert ended.attempts[0].words == "The key ••• was refused."
    assert SECRET not in ended.words + (await scene.plan_state(ended.id))[1]


async def test_in_what_a_check_shows_when_it_passes(scene: Scene) -> None:
    of = section(verify=True, expect="key")
    await dies_at_the_second_of_three(scene, of=of, verify=(f"echo key {SECRET[:4]}{SECRET[4:]}",))
    await back(scene)
    assert "I looked: the check passes: key •••." in (await only_question(scene)).text


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (
            Outcome(None, fault="refused", words=TOLD),
            "the check fails: `sh -c true`: The key ••• was refused.",
        ),
        (
            Outcome(1, exits=(1,), output=TOLD.encode()),
            "the check fails: `sh -c true`: The key ••• was refused.",
        ),
        (
            TemporaryError(TOLD, "Mend it."),
            "the check could not be made: The key ••• was refused. Mend it.",
        ),
    ],
)
async def test_in_what_a_check_says_when_it_does_not(
    scene: Scene, outcome: Outcome | TemporaryError, told: str
) -> None:
    of = section(verify=True, expect="two")
    await dies_at_the_second_of_three(scene, of=of, verify=("true",))
    scene.target, before = Tells(outcome), scene.target  # type: ignore[assignment]  # as above
    try:
        await back(scene)
    finally:
        scene.target = before
    assert told in (await only_question(scene)).text


async def test_in_a_preview(scene: Scene) -> None:
    step = await scene.step("s1", "true", of=section(compare="lines"), preview=("true",))
    scene.others["web1"] = Tells(Outcome(0, exits=(0,), output=TOLD.encode()))  # type: ignore[assignment]  # as above
    shown, compared = (await scene.runner().look([replace(step, compared=None)]))["s1"]
    assert (shown.strip(), compared) == ("The key ••• was refused.",) * 2
