"""How deep tests look: HYPOTHESIS_PROFILE=ci, which is the default, or long.

ci      few examples and points of interruption, the same in each run
long    many examples, others in each run, and all points (`make test-long`)
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "ci", max_examples=50, stateful_step_count=25, derandomize=True, deadline=None
)
settings.register_profile(
    "long", max_examples=1_000, stateful_step_count=50, deadline=None, print_blob=True
)
_PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
settings.load_profile(_PROFILE)
IS_LONG = _PROFILE == "long"

# An example of a model is a whole history of requests.
MODEL_SETTINGS = settings(
    max_examples=settings.get_profile(_PROFILE).max_examples // 4,
    suppress_health_check=[HealthCheck.too_slow],
)
