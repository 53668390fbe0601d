"""Exact laws of the state along simulated rollouts, against those of the real game (aorpo §5.1, §6.3, G.5, G.6).

A rollout of k steps is played in the learned dynamics T̂, agent i by π^i, opponent j by π̂^j in the steps that its
scheme gives to the model and by π^j in the others. With M_p = E[TV(T, T̂)(s_{p−1}, a_{p−1})] at step p, ε_j the exact
error of π̂^j, u_pj = 1 where it acts in step p, and δ_h = TV(p(s_h), p̂(s_h)):

    δ_h ≤ h max_{p≤h} M_p + Σ_{p≤h} Σ_j u_pj ε_j                                                         (1)
    δ_h ≤ 1 − c_h,   c_0 = 1,   c_p = max(0, c_{p−1} Π_j (1 − u_pj ε_j) − M_p)                           (2)

(1) is Extended Lemma C.2 with its errors taken step by step, M_p along the rollout. (2) couples real and simulated
trajectory: c_p is a probability that they are still together, since they choose the same action with probability
Π_j (1 − u_pj ε_j) or more, and part in the dynamics with probability at most M_p, along either of them: the smaller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, as_floats, count, probabilities, shape
from mathrl.bounds.compounding import Compounding, compounding
from mathrl.bounds.errors import dynamics_distance, exact_opponent_errors
from mathrl.bounds.process import Process, mean
from mathrl.bounds.schemes import model_steps, scheme_lengths
from mathrl.bounds.setup import Setup, check_setup
from mathrl.games.policies import Policy
from mathrl.softmax import total_variation

__all__ = ["Rollout", "branch_law", "rollout"]


@dataclass(frozen=True, eq=False, repr=False)
class Rollout:
    """A rollout of k steps: what is played in it, and the exact laws of the state.

    Arrays of k + 1 are for the states after h = 0 … k steps, arrays of k for the steps p = 1 … k.

    `setup`            what is rolled out
    `scheme`           one of `SCHEMES`
    `branch_length`    k
    `lengths`          n_j, the number of steps in which each opponent is played by its model
    `simulated`        the process of each step, (k,)
    `laws`             the law of the state, (k + 1, S)
    `real_laws`        the same in the real game with π, (k + 1, S)
    `total_variation`  between the two, δ_h, (k + 1,)
    `printed`          δ_h ≤ h max_{p≤h} M_p + Σ_{p≤h} Σ_j u_pj ε_j, (k + 1,)
    `coupling`         δ_h ≤ 1 − c_h, c_0 = 1, c_p = max(0, c_{p−1} Π_j (1 − u_pj ε_j) − M_p), (k + 1,)
    `communications`   how many real opponents are asked for their action, (k,)

    M_p is the expected error of the dynamics in step p along the rollout (for `coupling` along the rollout or the real
    game, whichever is smaller), ε_j the error of model j, and u_pj = 1 where it acts in step p.
    """

    setup: Setup
    scheme: str
    branch_length: int
    lengths: tuple[int, ...]
    simulated: tuple[Process, ...]
    laws: FloatArray
    real_laws: FloatArray
    total_variation: FloatArray
    printed: FloatArray
    coupling: FloatArray
    communications: npt.NDArray[np.int64]

    def __repr__(self) -> str:
        return f"<Rollout: {self.scheme}, {self.branch_length} steps, {self.communications.sum()} communications>"

    @property
    def policies(self) -> tuple[Policy, ...]:
        """What is played after h = 0 … k steps: k + 1 product policies, of which the last is that of step k again."""
        return (*(process.policy for process in self.simulated), self.simulated[-1].policy)

    @cached_property
    def compounding(self) -> Compounding:
        """The model compounding error ε_c of §6.3 for h = 1 … k; see `Compounding`.

        Without `setup.features` this takes 2 k sweeps for each state that may be the first: a minute for some thousand
        such states.
        """
        return compounding(self.laws[0], self.setup.real, self.simulated, self.setup.features)


def rollout(
    setup: Setup, scheme: str, branch_length: int, *, lengths: Sequence[int] | None = None, start: Any = None
) -> Rollout:
    """Compute a rollout of k steps exactly: the laws of its states beside the real ones   (aorpo §5.1, G.5, G.6).

        p̂(s_{p+1}) = Σ_{s,a} p̂(s_p = s) π_p(a|s) T̂(s_{p+1}|s, a),   π_p^j = π̂^j in the steps of j's model, else π^j

    `setup`          what is rolled out
    `scheme`         who plays for each opponent in which step, one of `SCHEMES`
    `branch_length`  k ≥ 1
    `lengths`        n_j, the number of steps in which each opponent is played by its model; by default
                     `rollout_lengths` of the exact errors of the models
    `start`          the law of the first state, (S,); by default the game's start

    Returns a `Rollout`. Raises `ValueError` where the scheme is unknown, or lengths or start do not fit.
    """
    check_setup(setup)
    used, modelled_pj = _modelled(setup, scheme, branch_length, lengths)
    simulated = _processes(setup, modelled_pj)
    start_s = setup.game.start if start is None else _law(setup, start)
    laws_hs = _laws(start_s, simulated)
    real_hs = _laws(start_s, [setup.real] * branch_length)
    printed, coupling = _bounds(setup, modelled_pj, simulated, laws_hs, real_hs)
    return Rollout(
        setup=setup,
        scheme=scheme,
        branch_length=branch_length,
        lengths=used,
        simulated=simulated,
        laws=laws_hs,
        real_laws=real_hs,
        total_variation=total_variation(laws_hs, real_hs),
        printed=printed,
        coupling=coupling,
        communications=(~modelled_pj).sum(axis=1),
    )


def branch_law(setup: Setup) -> FloatArray:
    """Compute the law of the states in a replay buffer that π_D filled in the real game.

        (1 − γ) Σ_t γ^t p_t,   p_t the law of s_t under π_D

    `setup`  the game and the policies π_D that collected the data

    Returns (S,); rollouts branch from it.
    """
    check_setup(setup)
    visits_s = setup.data.visits
    return np.asarray(visits_s / visits_s.sum())


def _modelled(
    setup: Setup, scheme: str, branch_length: int, lengths: Sequence[int] | None
) -> tuple[tuple[int, ...], npt.NDArray[np.bool_]]:
    """The lengths, and [π̂^j acts in step p], (k, n − 1)."""
    count("branch_length", branch_length, 1)
    used = scheme_lengths(scheme, branch_length, exact_opponent_errors(setup), lengths)
    return used, model_steps(scheme, branch_length, used)


def _processes(setup: Setup, modelled_pj: npt.NDArray[np.bool_]) -> tuple[Process, ...]:
    """What is executed in step p. Steps with the same models share one process, whose chain is made once."""
    steps = [tuple(row) for row in modelled_pj.tolist()]
    distinct = {step: Process(setup.model, _policy(setup, step)) for step in set(steps)}
    return tuple(distinct[step] for step in steps)


def _policy(setup: Setup, modelled: tuple[bool, ...]) -> Policy:
    """The product policy of a step in which these opponents are played by their models."""
    models = dict(zip(setup.opponents, zip(modelled, setup.opponent_models, strict=True), strict=True))
    return tuple(models[j][1] if j in models and models[j][0] else own for j, own in enumerate(setup.policy))


def _laws(start_s: FloatArray, processes: Sequence[Process]) -> FloatArray:
    """The laws of s_0 … s_k, (k + 1, S)."""
    laws = [start_s]
    for process in processes:
        laws.append(process.after(laws[-1]))
    return np.stack(laws)


def _law(setup: Setup, start: Any) -> FloatArray:
    """Check the law of the first state."""
    start_s = as_floats("start", start)
    shape("start", start_s, (setup.game.num_states,))
    probabilities("start", start_s)
    return start_s


def _bounds(
    setup: Setup,
    modelled_pj: npt.NDArray[np.bool_],
    simulated: Sequence[Process],
    laws_hs: FloatArray,
    real_hs: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """The bounds (1) and (2)."""
    distance_sa = dynamics_distance(setup)
    of_s = setup.real.expected(distance_sa)
    M_p = np.array(
        [mean(law_s, process.expected(distance_sa)) for law_s, process in zip(laws_hs[:-1], simulated, strict=True)]
    )
    real_M_p = np.array([mean(law_s, of_s) for law_s in real_hs[:-1]])
    models = zip(setup.opponents, setup.opponent_models, strict=True)
    errors_pj = modelled_pj * np.array([total_variation(setup.policy[j], model).max() for j, model in models])
    steps = np.arange(1, len(M_p) + 1)
    printed_p = steps * np.maximum.accumulate(M_p) + np.cumsum(errors_pj.sum(axis=1))  # (1)
    together = accumulate(
        zip((1 - errors_pj).prod(axis=1), np.minimum(M_p, real_M_p), strict=True),
        lambda c, step: max(0.0, c * step[0] - step[1]),  # (2)
        initial=1.0,
    )
    return np.concatenate([np.zeros(1), printed_p]), 1 - np.array(list(together))
