"""One vocabulary of outcomes: the codes that compiled code writes are the places of the members of `Status`."""

import numpy as np
import pytest

from mathrl.iteration import outcome
from mathrl.iteration.outcome import ROADS, Status, statuses


@pytest.mark.parametrize("status", Status)
def test_the_code_of_a_status_gives_it_back(status):
    code = getattr(outcome, status.name)
    assert statuses(np.array([code, code])).tolist() == [status, status]


def test_the_codes_of_roads_are_their_places():
    assert [getattr(outcome, road.upper()) for road in ROADS] == list(range(len(ROADS)))


@pytest.mark.parametrize("status", Status)
def test_a_status_is_one_line_that_says_what_to_do(status):
    happened, _, next_step = str(status).partition(": ")
    assert happened
    assert next_step
    assert "\n" not in str(status)
