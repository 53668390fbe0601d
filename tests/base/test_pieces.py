"""Pieces of kernels: compiled into the kernels that call them, and callable from Python all the same."""

import numpy as np

from mathrl.base.compile import inner, kernel


@inner
def twice(a_x):
    for x in range(len(a_x)):
        a_x[x] *= 2.0


@inner
def four_times(a_x):
    twice(a_x)
    twice(a_x)


@kernel
def eight_times(a_x):
    four_times(a_x)
    twice(a_x)


def test_a_kernel_computes_with_its_pieces():
    a = np.array([1.0, -3.0])
    eight_times(a)
    assert a.tolist() == [8.0, -24.0]


def test_a_piece_is_callable_from_python_before_and_after_a_kernel_used_it():
    a = np.array([1.0])
    four_times(a)
    eight_times(a)
    four_times(a)
    twice(a)
    assert a.tolist() == [4.0 * 8 * 4 * 2]


def test_a_piece_is_typed_once_and_has_no_machine_code_of_its_own():
    eight_times(np.ones(1))
    if hasattr(twice, "overloads"):  # not where NUMBA_DISABLE_JIT is set
        assert all(type(compiled.entry_point).__name__ == "_Known" for compiled in twice.overloads.values())
        assert len(twice.overloads) <= 1  # none where the kernel came from the cache
