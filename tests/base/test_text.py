import pickle

import pytest

from mathrl.base.checks import InvalidInput, count, fail
from mathrl.base.text import printable, shown


def test_messages_are_one_line_that_no_terminal_acts_on():
    for raised in (InvalidInput("a\nb\x1b[2J"), pickle.loads(pickle.dumps(InvalidInput("a\nb\x1b[2J")))):
        assert str(raised) == r"a\nb\x1b[2J"
    with pytest.raises(InvalidInput, match=r"^argument '\\x00' is \\udce4, expected α ≥ 0: “…”$"):
        fail("argument '\0'", "is \udce4", "α ≥ 0", "“…”")
    assert printable("ordinary text, α·β ≤ ∞ 中") == "ordinary text, α·β ≤ ∞ 中"


class Broken:
    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize("value", ["x" * 10**6, [0.5] * 10**5, 10**400, 10**5000, Broken()], ids=range(5))
def test_long_and_broken_values_are_quoted_briefly(value):
    assert len(shown(value)) <= 70
    with pytest.raises(InvalidInput, match=r"^size is ") as raised:
        count("size", value if not isinstance(value, int) else -value)
    assert len(str(raised.value)) < 150
