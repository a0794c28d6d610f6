"""For every test: Hypothesis measures no times here. Several workers share few cores, and a slow moment is no defect.

Under `.ci/run` (`CI` is set) it tries the same examples each time, so that a change lands or not for what it changed; everywhere else
each run tries new ones.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.servers.scripted_model import ScriptedModel, serving

settings.register_profile(
    "parley",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("parley")


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    """A model that says what the test tells it to."""
    with serving(ScriptedModel()) as model:
        yield model
