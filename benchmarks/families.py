"""Matrix games on which a trace is easily lost: symmetric ones, and what a little noise makes of them.

Of a symmetric game the principal branch runs through forks; where noise breaks the symmetry it turns sharply just
beside them, and a step that is too long ends on another curve.
"""

import numpy as np

from mathrl.base.checks import FloatArray

__all__ = ["FAMILIES", "payoffs"]

FAMILIES = ("normal", "coordination", "circulant", "circulant-common", "symmetric", "congestion")
"""What payoffs are before noise is added.

normal            independent normal numbers
coordination      1 where all agents play the same action, else 0
circulant         each agent's depends on the sum of all actions alone, counted modulo their number
circulant-common  the same, one function for all agents
symmetric         depends on the own action and on how many others play each action
congestion        depends on the own action and on how many others play it
"""


def payoffs(
    family: str, num_actions: tuple[int, ...], games: int, noise: float, rng: np.random.Generator
) -> FloatArray:
    """So many games (B, n, A, …, A) of a family, with normal noise of this size added to all payoffs."""
    shape = (len(num_actions), *num_actions)
    if family == "normal":
        return rng.standard_normal((games, *shape))
    (A,), n = set(num_actions), len(num_actions)
    actions_nx = np.indices(num_actions).reshape(n, -1)
    if family == "coordination":
        base = np.broadcast_to(1.0 * (actions_nx == actions_nx[0]).all(axis=0), (games, n, actions_nx.shape[1]))
    elif family.startswith("circulant"):
        functions = 1 if family == "circulant-common" else n
        drawn = rng.standard_normal((games, functions, A))[..., actions_nx.sum(axis=0) % A]
        base = np.broadcast_to(drawn, (games, n, actions_nx.shape[1]))
    else:
        counts_xa = (actions_nx[..., None] == np.arange(A)).sum(axis=0)
        if family == "congestion":
            kinds = actions_nx * n + np.take_along_axis(counts_xa.T, actions_nx, axis=0) - 1
        else:  # others' counts follow from all counts and the own action
            _, tally = np.unique(counts_xa, axis=0, return_inverse=True)
            kinds = actions_nx * (tally.max() + 1) + tally.reshape(1, -1)
        base = rng.standard_normal((games, int(kinds.max()) + 1))[:, kinds]
    return (base + noise * rng.standard_normal(base.shape)).reshape(games, *shape)
