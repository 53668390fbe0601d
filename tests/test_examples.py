"""The points of a grid that every run tries."""

import pytest

from tests.examples import diagonal


@pytest.mark.parametrize("lengths", [(1, 1), (4, 4), (2, 5), (71, 3), (2, 4, 6), (3, 3, 1)], ids=str)
def test_a_diagonal_has_each_value_of_each_axis_and_the_grid_has_all(lengths):
    points = diagonal(*map(range, lengths))
    assert len({point.values for point in points}) == len(points)
    kept = [point.values for point in points if not point.marks]
    for axis, length in enumerate(lengths):
        assert {point[axis] for point in kept} == set(range(length))
        assert {point.values[axis] for point in points} == set(range(length))
    assert len(kept) * sorted(lengths)[-2] == len(points)
