"""One decorator for all that is declared beside a function."""

import pytest

from mathrl.base.checks import InvalidInput
from mathrl.base.registry import Registry


def test_a_declared_function_is_unchanged_and_its_entry_found_in_order():
    registry = Registry[str]("name", "game")

    def first():
        return 1

    def second():
        return 2

    assert registry.declare("b", lambda function: function.__name__)(first) is first
    assert registry.declare("a", lambda function: function.__name__)(second) is second
    assert dict(registry) == {"b": "first", "a": "second"}
    assert list(registry) == ["b", "a"]


def test_a_name_that_is_taken_is_refused_with_both_functions():
    registry = Registry[str]("id", "table")

    def first():
        return 1

    def second():
        return 2

    registry.declare("x", lambda function: "entry")(first)
    expected = r"id 'x' is used by .*first and .*second, expected a different id for each table"
    with pytest.raises(InvalidInput, match=expected):
        registry.declare("x", lambda function: "other")(second)
    assert registry["x"] == "entry"
