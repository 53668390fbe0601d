"""ROMMEO's learners run 200 times here, not 1,000 times, unless the profile is long: that decides what is asserted."""

import pytest

from mathrl.figures.rommeo.gathered import SEEDS
from tests.examples import LONG


@pytest.fixture(scope="package", autouse=True)
def _fewer_runs():
    with pytest.MonkeyPatch.context() as patch:
        if not LONG:
            patch.setitem(SEEDS, "fast", 200)
        yield
