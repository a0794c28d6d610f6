"""For every test: Hypothesis measures no times here. Several workers share few cores, and a slow moment is no defect.

Under `.ci/run` (`CI` is set) it tries the same examples each time, so that a change lands or not for what it changed; everywhere else
each run tries new ones.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "parley",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("parley")
