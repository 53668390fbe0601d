"""Profiles: `fast` by default and the same on every run, `long` with MATHRL_PROFILE=long (make test-long).

The long profile tries each property on many more examples, drawn anew on every run, and runs the tests marked `long`:
grids of which the fast profile runs some points. A costly property takes half the examples (`tests/examples.py`).
"""

import os

import pytest
from hypothesis import HealthCheck, settings

PROFILE = os.environ.get("MATHRL_PROFILE", "fast")

# Each worker has a core: a BLAS of two threads waits for the other one by spinning, at twice the CPU. NumPy reads this
# when it is imported. That results do not depend on it is tested in interpreters of their own; `long` leaves it open.
if PROFILE == "fast":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# JAX compiles each operation outside compiled functions, most of which run once: here quickly, in half the time.
# It reads this when it first computes. What trains networks has options of its own (`mathrl.neural.study.COMPILER`).
if PROFILE == "fast":
    quick = ("xla_backend_optimization_level=0", "xla_cpu_use_fusion_emitters=false")
    os.environ.setdefault("XLA_FLAGS", " ".join(f"--{option}" for option in quick))

# Kernels compile during the first example, and CI machines are slow: time says nothing about a test.
untimed = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fast", untimed, max_examples=25, derandomize=True)
settings.register_profile("long", untimed, max_examples=1000)
settings.load_profile(PROFILE)


@pytest.fixture(scope="session", autouse=True)
def _same_examples():
    """Let no example of a property depend on which tests a worker has run before: hypothesis reads loaded modules."""
    from mathrl.proofs_checks.same_everywhere import same_everywhere

    with same_everywhere():
        yield


@pytest.fixture(scope="session", autouse=True)
def _computed_once(tmp_path_factory):
    """Name the folder of `tests/reproduced.py`, which the workers of a session share."""
    own = tmp_path_factory.getbasetemp()
    kept = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "reproduced"
    kept.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MATHRL_TESTS_KEEP", str(kept))
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """Let pytest-mpl compare pictures without being asked to: otherwise it only draws them."""
    if config.pluginmanager.hasplugin("pytest_mpl"):
        config.option.mpl = config.option.mpl_generate_path is None


def pytest_collection_modifyitems(config, items):
    """Leave out what is marked `long`, unless the profile is."""
    if PROFILE != "long":
        kept = [item for item in items if item.get_closest_marker("long") is None]
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long") is not None])
        items[:] = kept
