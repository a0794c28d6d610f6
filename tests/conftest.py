"""For every test: Hypothesis measures no times here. Several workers share few cores, and a slow moment is no defect."""

from hypothesis import HealthCheck, settings

settings.register_profile("parley", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("parley")
