"""Every planted secret goes, and nothing else of its line."""

import pytest

from bot.redact import MASK, SecretRedactor
from tests.redaction.planted import Plant, plants

PLANTS = tuple(plants())


def test_there_are_enough() -> None:
    assert len(PLANTS) >= 145
    assert len({plant.kind for plant in PLANTS}) == len(PLANTS)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.kind)
def test_it_goes_and_the_rest_stays(plant: Plant) -> None:
    assert plant.line.count(plant.secret) == 1
    redactor = SecretRedactor()
    clean = redactor.redact(plant.line)
    assert clean == plant.line.replace(plant.secret, MASK)
    assert redactor.redact(clean) == clean
