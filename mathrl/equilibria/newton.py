"""Newton's step for quantal response equilibria, written so that its result is a policy.

    π ← softmax((u + u'dπ)/α)  with  (I − σ'u'/α) dπ = σ − π,  σ = softmax(u/α)                  (1)

u are the agents' own Q at π and u' is their derivative (`mathrl.equilibria.derivative`); σ' is that of the soft-max. At
an equilibrium σ = π, so the step is zero there; near a regular one it converges quadratically.
"""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.equilibria.derivative import own_q_derivative
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile, split
from mathrl.softmax import boltzmann
from mathrl.values.linear_system import one_thread
from mathrl.values.policy_values import Values

__all__ = ["DENSE_UNKNOWNS", "own_q_change", "responses"]

DENSE_UNKNOWNS = 1_200
"""Up to this many probabilities the system is factored; beyond, GMRES solves it."""


def responses(game: Game, own_sk: FloatArray, temperature: float) -> FloatArray:
    """softmax(u/α) of every agent, side by side (S, A_1 + … + A_n)   (hasac Eq. 3)."""
    with np.errstate(over="ignore"):  # of what is not available
        return np.concatenate([boltzmann(own_sa, temperature) for own_sa in split(own_sk, game.num_actions)], axis=1)


@one_thread()
def own_q_change(values: Values, policy: Policy, own_sk: FloatArray, *, temperature: float, entropy: str) -> FloatArray:
    """u'dπ of (1), shape (S, A_1 + … + A_n). Raises `numpy.linalg.LinAlgError` where the system is singular."""
    game, shape = values.game, own_sk.shape
    sigma_sk = responses(game, own_sk, temperature)
    derivative = own_q_derivative(values, policy, temperature=temperature, entropy=entropy)
    ends = np.cumsum(game.num_actions)[:-1]

    def softened(du: FloatArray) -> FloatArray:
        """σ' du / α."""
        parts = zip(split(sigma_sk, game.num_actions), np.split(du, ends, axis=1), strict=True)
        return np.concatenate(
            [sigma[..., None] * (x - np.einsum("sa,sax->sx", sigma, x)[:, None]) / temperature for sigma, x in parts],
            axis=1,
        )

    def system(change: FloatArray) -> FloatArray:
        return change - softened(derivative(change))

    b = (sigma_sk - Profile.of(policy).pi_sk).ravel()
    if b.size <= DENSE_UNKNOWNS:
        identity = np.eye(b.size).reshape(*shape, b.size)
        change = np.asarray(np.linalg.solve(system(identity).reshape(b.size, b.size), b), dtype=np.float64)
    else:
        from scipy.sparse.linalg import LinearOperator, gmres

        operator = LinearOperator(
            (b.size, b.size), matvec=lambda x: system(x.reshape(*shape, 1)).ravel(), dtype=np.float64
        )
        change, _ = gmres(operator, b, rtol=1e-6, restart=60, maxiter=3)
    return derivative(change.reshape(*shape, 1))[..., 0]
