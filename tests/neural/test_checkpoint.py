"""Checkpoints come back bit for bit, or are refused in one sentence."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mathrl.neural.checkpoint import restore, save

TREE = {
    "keys": jax.random.wrap_key_data(np.array([[0, 1], [2**32 - 1, 7]], np.uint32)),
    "whole": np.array([-(2**31), 2**31 - 1], np.int32),
    "flags": (np.array([True, False]), np.array(True)),
    "numbers": np.array([[np.nan, -0.0], [np.inf, np.finfo(np.float32).smallest_subnormal]], np.float32),
    "none": np.zeros((0, 3), np.float32),
}


def plain(tree):
    """The leaves as bytes, with their kinds and shapes."""
    leaves = [jax.random.key_data(x) if jnp.issubdtype(x.dtype, jax.dtypes.prng_key) else x
              for x in jax.tree.leaves(tree)]  # fmt: skip
    return [(np.asarray(x).tobytes(), x.dtype, x.shape) for x in leaves]


@pytest.fixture(name="path")
def _path(tmp_path):
    path = tmp_path / "checkpoint.npz"
    save(path, TREE, iterations=2**40, bytes=0)
    return path


def test_bit_for_bit(path):
    restored, counts = restore(path, jax.eval_shape(lambda: TREE), "bytes", "iterations")
    assert plain(restored) == plain(TREE)
    assert jax.tree.structure(restored) == jax.tree.structure(TREE)
    assert restored["keys"].dtype == TREE["keys"].dtype
    assert counts == {"iterations": 2**40, "bytes": 0}


def test_keys_draw_the_same_again(path):
    restored, _ = restore(path, TREE)
    draw = jax.vmap(jax.random.bits)
    assert np.array_equal(draw(restored["keys"]), draw(TREE["keys"]))


def test_the_same_content_gives_the_same_bytes(path):
    again = path.with_name("again.npz")
    save(again, restore(path, TREE)[0], iterations=2**40, bytes=0)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_refused(path, kept):
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    refused(path)


def test_a_changed_byte_is_refused_or_changes_nothing(path):
    """Some bytes of an archive, such as dates, say nothing of the arrays."""
    data, wrong = path.read_bytes(), 0
    for place in range(0, len(data), 5):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        try:
            restored, _ = restore(path, TREE, "iterations")
        except ValueError as error:
            wrong += str(error).startswith(f"{path}: ")
        else:
            assert plain(restored) == plain(TREE)
    assert wrong > len(data) / 10  # at least half of those that were tried


@pytest.mark.parametrize(
    "like",
    [
        {**TREE, "more": np.zeros(2)},
        {**TREE, "whole": np.zeros(3, np.int32)},
        {**TREE, "whole": np.zeros(2, np.float32)},
        {**TREE, "keys": np.zeros(2, np.uint32)},
    ],
)
def test_another_tree_is_refused(path, like):
    refused(path, like)


def test_no_file_is_refused(tmp_path):
    refused(tmp_path / "checkpoint.npz")


def test_a_missing_count_is_refused(path):
    with pytest.raises(ValueError, match="not readable"):
        restore(path, TREE, "steps")


def refused(path, like=TREE):
    """Demand one sentence that names the file and says what was expected."""
    with pytest.raises(ValueError, match="a checkpoint of the same algorithm, game and settings") as caught:
        restore(path, like, "iterations")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
