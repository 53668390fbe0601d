"""This machine can act as another one, and what depends on rounding is caught there (`tests/elsewhere.py`)."""

import importlib.util
import math
import os
import platform
from pathlib import Path

import numpy as np
import pytest

SPEC = importlib.util.spec_from_file_location("elsewhere", Path(__file__).with_name("elsewhere.py"))
elsewhere = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(elsewhere)

PRINTS_ALL_DIGITS = """
import math
import numpy as np

def test_digits():
    assert [math.exp(k / 997).hex() for k in range(2000)] == {exp}
    x = np.random.default_rng(0).normal(size=(2, 100, 100))
    assert (x[0] @ x[1]).tobytes().hex() == {product!r}

def test_whether_both_are_near():
    assert math.isclose(math.exp(1.0), {e}, rel_tol=1e-15)
"""


@pytest.fixture(scope="module")
def first():
    if platform.machine() != "x86_64":
        pytest.skip("which machines others can act as was looked up for this kind only")
    return elsewhere.machines()[0]


def test_the_first_machine_has_other_blas_kernels(first):
    (_, here), (_, there) = elsewhere.probe(dict(os.environ)), elsewhere.probe(first.variables())
    assert len(here) == len(there) == 2  # NumPy's and SciPy's
    assert not set(here) & set(there)


def test_what_depends_on_rounding_is_caught(first, tmp_path, capfd):
    x = np.random.default_rng(0).normal(size=(2, 100, 100))
    file = tmp_path / "test_digits.py"
    exp = [math.exp(k / 997).hex() for k in range(2000)]
    file.write_text(PRINTS_ALL_DIGITS.format(exp=exp, product=(x[0] @ x[1]).tobytes().hex(), e=math.e))
    assert not elsewhere.run(first, (str(file),))
    assert "1 failed, 1 passed" in capfd.readouterr().out
    assert elsewhere.run(first, (f"{file}::test_whether_both_are_near",))


def test_every_file_that_it_runs_is_there():
    assert all((elsewhere.ROOT / file).exists() for file in elsewhere.PRINTED)
    assert set(elsewhere.EXAMPLES) <= set(elsewhere.PRINTED)


def test_no_machine_has_kernels_that_this_processor_lacks():
    found = [machine.blas for machine in elsewhere.machines()]
    assert ("Haswell" in found) <= ("X86_V3" in elsewhere.SIMD)
    assert ("SkylakeX" in found) <= ("X86_V4" in elsewhere.SIMD)
