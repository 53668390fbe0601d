"""The equations of a curve of quantal response equilibria of a stochastic game, and their derivative.

The unknowns are the log ratios x^i_a(s) = log(π^i(a|s)/π^i(0|s)), a ≥ 1, the scaled values W^m(s), one function for
all agents or one each, and the parameter t of the curve. With weights κ(t) of the rewards and φ(t) of the responses,

    x^i_a − φ Δ_a[κ r̄^i + γ P̄^i W^i] − (1 − φ) x̂^i_a = 0                                              (1)
    W^m − E_π[κ r^m + γ P W^m] − Σ_j c_mj H(π^j) = 0                                                     (2)

where bars are expectations over the other agents, Δ_a f = f(a) − f(0), and c_mj is 1 where the entropy of agent j
enters value m. Of them are made `logit_curve` (κ = t, φ = 1: t is the rationality, and W = t V), `curve_from`
(κ = 1/temperature, φ = t: from the policy of x̂ at t = 0 to an equilibrium at t = 1), and `entropy_curve` (κ = 0, φ = t:
to where `logit_curve` starts, which need not be the uniform policy).

With Q = κ r + γ P W, u^i(a) = E[Q^i | a_i = a], and v^m = E_π[Q^m], the derivatives in x within one state are

    B^{ij}_ab = δ_ij δ_ab − (i ≠ j) φ π^j(b) Δ_a(E[Q^i | a_i, a_j = b] − u^i)                             (3)
    C^{mj}_b  = − π^j(b) (E[Q^m | a_j = b] − v^m − c_mj (log π^j(b) + H(π^j)))                            (4)

with which `mathrl.equilibria.stochastic.bordered` eliminates the policies. Where the discount is 0, W and (2) are left
out. The game is compact (`mathrl.games.compact`): each agent's first action is available. For an action that is not,
π^i(a) = 0 whatever x^i_a is, and (1) is x^i_a = 0: nothing moves it, and no length counts it.
"""

from dataclasses import dataclass
from functools import cached_property
from math import log

import numpy as np
import numpy.typing as npt

from mathrl import kernels
from mathrl.base.checks import FloatArray
from mathrl.equilibria.stochastic import blocks
from mathrl.games.compact import Compact, compact
from mathrl.games.given import Booleans
from mathrl.games.model import BARRED, Game
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.softmax import entropy
from mathrl.values.linear_system import resolvent
from mathrl.values.policy_values import has_agent_axis, policy_transitions

__all__ = ["Place", "System", "curve_from", "entropy_curve", "logit_curve"]

_RAREST = 1e-6
"""The least probability of a first policy, whose zeros are raised to it: a finite x cannot give 0."""

_NEVER = -1e4
"""The log ratio that stands for a probability of 0: its exponential is 0, and it is finite."""


@dataclass(frozen=True, eq=False)
class System:
    """Equations (1) and (2) of one curve, on vectors z = (x, W, γ P W, t).

    γ P W is carried along, though it follows from W: all that a trace adds up is linear in it, and a pass over the
    transitions is what costs. The last number is the curve's own parameter times `unit`, in which one unit moves x by
    about 1. The weights are κ = κ_0 + κ_1 t and φ = φ_0 + φ_1 t in that unit, for rewards over `spread`.
    """

    compact: Compact
    entropy: str
    spread: float
    unit: float
    reward_weight: tuple[float, float]
    response_weight: tuple[float, float]
    first_sk: FloatArray

    @cached_property
    def game(self) -> Game:
        """The compact game."""
        return self.compact.game

    @cached_property
    def num_functions(self) -> int:
        """m, the number of value functions."""
        return self.game.num_agents if has_agent_axis(self.game, self.entropy) else 1

    @cached_property
    def num_ratios(self) -> int:
        """How many numbers of z are x: S · k."""
        return self.first_sk.size

    @cached_property
    def num_equations(self) -> int:
        """How many equations there are, and how many numbers of z are x or W."""
        values = self.num_functions * self.game.num_states if self.game.discount > 0 else 0
        return self.num_ratios + values

    @cached_property
    def num_actions(self) -> npt.NDArray[np.int64]:
        """(A_1, …, A_n)."""
        return np.array(self.game.num_actions)

    @cached_property
    def counted_mi(self) -> FloatArray:
        """c: 1 where the entropy of agent i enters value m."""
        shape = (self.num_functions, self.game.num_agents)
        return np.eye(*shape) if self.entropy == "own" else np.full(shape, float(self.entropy == "team"))

    @cached_property
    def first(self) -> npt.NDArray[np.int64]:
        """Where in A_1 + … + A_n actions side by side each agent's first one stands, (n,)."""
        return np.cumsum(self.num_actions) - self.num_actions

    @cached_property
    def zero(self) -> FloatArray:
        """The z of zeros."""
        ahead = self._rewards_msa.size if self.game.discount > 0 else 0
        return np.zeros(self.num_equations + ahead + 1)

    def vector(self, x_sk: FloatArray, w_ms: FloatArray, t: float) -> FloatArray:
        """z of its parts, by a pass over the transitions."""
        parts = (x_sk, w_ms, self.ahead(w_ms) if self.game.discount > 0 else w_ms, np.array([t]))
        return np.concatenate([part.ravel() for part in parts])

    def renewed(self, z: FloatArray) -> FloatArray:
        """z with γ P W computed from W: what rounding, or extrapolation, did to it is gone."""
        return self.vector(self.ratios(z), self.values(z), float(z[-1]))

    def ratios(self, z: FloatArray) -> FloatArray:
        """x (S, k) of z."""
        return z[: self.num_ratios].reshape(self.first_sk.shape)

    def values(self, z: FloatArray) -> FloatArray:
        """W (m, S) of z or of equations; (m, 0) where the discount is 0."""
        return z[self.num_ratios : self.num_equations].reshape(self.num_functions, -1)

    def measured(self, z: FloatArray) -> FloatArray:
        """x and t of z in one array: lengths on the curve are those of its largest entry."""
        return np.append(z[: self.num_ratios], z[-1])

    def values_at_0(self, x_sk: FloatArray) -> FloatArray:
        """W (m, S) of (2) at the policy of x and t = 0: exact, as the policy is known; (m, 0) where γ is 0."""
        if self.game.discount == 0:
            return self.values(self.zero)
        profile = self.policy(self.vector(x_sk, self.values(self.zero), 0.0))
        bonus_ms = self.counted_mi @ np.stack([entropy(own) for own in profile])
        expected_ms = np.einsum("msa,sa->ms", self.reward_weight[0] * self._rewards_msa, profile.joint_sa)
        solve = resolvent(policy_transitions(self.game, profile.joint_sa), self.game.discount)
        return np.stack([solve(b_s) for b_s in expected_ms + bonus_ms])

    def ahead(self, w_ms: FloatArray) -> FloatArray:
        """γ P W (m, S, A)."""
        ahead_msa = np.empty(self._rewards_msa.shape)
        ahead_mx = ahead_msa.reshape(self.num_functions, -1)
        if self.game.sparse:
            P = self.game.csr_xt
            kernels.backup_csr(w_ms, self._nothing_mx, P.data, P.indices, P.indptr, self.game.discount, ahead_mx)
        else:
            kernels.backup(w_ms, self._nothing_mx, self.game.dense_xt, self.game.discount, ahead_mx)
        return ahead_msa

    def action_values(self, z: FloatArray, kappa: float) -> FloatArray:
        """κ r + γ P W (m, S, A), with the γ P W of z."""
        if self.game.discount == 0:
            return kappa * self._rewards_msa
        return kappa * self._rewards_msa + z[self.num_equations : -1].reshape(self._rewards_msa.shape)

    def own(self, q_msa: FloatArray, pi_sk: FloatArray) -> FloatArray:
        """E[Q^i | a_i] side by side (S, K)."""
        own_sk = np.empty(pi_sk.shape)
        blocks.own(q_msa, pi_sk, self.num_actions, own_sk)
        return own_sk

    def gains(self, own_sk: FloatArray) -> FloatArray:
        """Δ of functions of the own action, (S, k), 0 where it is not available."""
        gains_sk = own_sk[:, self.others] - own_sk[:, self._references]
        return gains_sk if self.barred_sk is None else np.where(self.barred_sk, 0.0, gains_sk)

    def expected(self, own_sk: FloatArray, pi_sk: FloatArray) -> FloatArray:
        """E_π[Q^m] (m, S), from E[Q^i | a_i]."""
        return np.add.reduceat(own_sk * pi_sk, self.first, axis=1).T[: self.num_functions]

    def policy(self, z: FloatArray) -> Profile:
        """π of the log ratios."""
        return Profile.split(self.probabilities(z)[0], self.game.num_actions)

    def probabilities(self, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """π and log π, side by side (S, K)."""
        shape = (self.game.num_states, int(self.num_actions.sum()))
        pi_sk, log_sk = np.empty(shape), np.empty(shape)
        x_sk = self.ratios(z) if self.barred_sk is None else np.where(self.barred_sk, _NEVER, self.ratios(z))
        blocks.policies(x_sk, self.num_actions, pi_sk, log_sk)
        return pi_sk, log_sk

    @cached_property
    def barred_sk(self) -> Booleans | None:
        """Which x are of actions that are not available, (S, k); None where none is."""
        masks = self.game.masks
        return None if masks is None else ~np.concatenate([own[:, 1:] for own in masks], axis=1)

    @cached_property
    def _rewards_msa(self) -> FloatArray:
        """Rewards over their spread, one array per value function; 0 where a joint action is not available."""
        game = self.game
        isa = game.rewards_isa if game.barred_sa is None else np.where(game.barred_sa, 0.0, game.rewards_isa)
        shape = (self.num_functions, game.num_states, game.num_joint_actions)
        return np.ascontiguousarray(np.broadcast_to(isa / self.spread, shape))

    @cached_property
    def _nothing_mx(self) -> FloatArray:
        return np.zeros((self.num_functions, self._rewards_msa[0].size))

    @cached_property
    def others(self) -> npt.NDArray[np.int64]:
        """Where the actions of x stand side by side with the first ones, (k,)."""
        return np.delete(np.arange(self.num_actions.sum()), self.first)

    @cached_property
    def _references(self) -> npt.NDArray[np.int64]:
        """Where the first action of the same agent stands, (k,)."""
        return np.repeat(self.first, self.num_actions - 1)


class Place:
    """The equations at one z: their defect, and their derivative."""

    def __init__(self, system: System, z: FloatArray) -> None:
        self.system = system
        self.pi_sk, self._log_sk = system.probabilities(z)
        self.phi = float(system.response_weight[0] + system.response_weight[1] * z[-1])
        self._z = z
        self._q_msa = system.action_values(z, float(system.reward_weight[0] + system.reward_weight[1] * z[-1]))
        self._own_sk = system.own(self._q_msa, self.pi_sk)

    def defect(self) -> FloatArray:
        """The left sides of (1) and (2)."""
        system, phi = self.system, self.phi
        f_sk = system.ratios(self._z) - phi * system.gains(self._own_sk) - (1 - phi) * system.first_sk  # (1)
        if system.game.discount == 0:
            return f_sk.ravel()
        entropy_si = -np.add.reduceat(self.pi_sk * self._log_sk, system.first, axis=1)
        bonus_ms = system.counted_mi @ entropy_si.T
        f_ms = system.values(self._z) - system.expected(self._own_sk, self.pi_sk) - bonus_ms  # (2)
        return np.concatenate([f_sk.ravel(), f_ms.ravel()])

    def change(self, dz: FloatArray) -> FloatArray:
        """The derivative of (1) and (2) in the direction dz."""
        system, dx_sk = self.system, self.system.ratios(dz)
        b_skk, c_smk = self.blocks
        dq_msa = system.action_values(dz, system.reward_weight[1] * dz[-1])
        own_sk = system.own(dq_msa, self.pi_sk)
        df_sk = (b_skk @ dx_sk[..., None])[..., 0] - self.phi * system.gains(own_sk)
        if system.response_weight[1] != 0:
            df_sk -= system.response_weight[1] * dz[-1] * (system.gains(self._own_sk) - system.first_sk)
        if system.game.discount == 0:
            return df_sk.ravel()
        df_ms = system.values(dz) + (c_smk @ dx_sk[..., None])[..., 0].T - system.expected(own_sk, self.pi_sk)
        return np.concatenate([df_sk.ravel(), df_ms.ravel()])

    @cached_property
    def blocks(self) -> tuple[FloatArray, FloatArray]:
        """B (S, k, k) and C (S, m, k) of (3) and (4)."""
        system = self.system
        num_states, k = system.first_sk.shape
        b_skk, c_smk = np.empty((num_states, k, k)), np.empty((num_states, system.num_functions, k))
        blocks.derivatives(
            self._q_msa, self.pi_sk, self._log_sk, system.num_actions, system.counted_mi, self.phi, b_skk, c_smk
        )
        if system.barred_sk is not None:
            b_skk[system.barred_sk] = np.eye(k)[np.nonzero(system.barred_sk)[1]]
        return b_skk, c_smk


def logit_curve(game: Game, *, entropy: str) -> System:
    """The logit equilibria: t is the rationality. t = 0 has one solution, the uniform policy, unless there is an
    `entropy_curve`.
    """
    small = compact(game)
    spread = _spread(small.game)
    return System(small, entropy, spread, spread, (0.0, 1.0), (1.0, 0.0), _uniform(small.game))


def entropy_curve(game: Game, *, entropy: str) -> System | None:
    """From the uniform policy at t = 0 to an equilibrium of rationality 0 at t = 1; None where that is uniform too.

    At rationality 0 values are those of entropy alone. Where entropy counts, play goes on, and some states have more
    actions than others, or end an episode, such values differ from state to state, and there may be several equilibria.
    """
    small = compact(game)
    if small.game.masks is None or game.discount == 0 or entropy == "none":
        return None
    unit = 1 + sum(map(log, small.game.num_actions))
    return System(small, entropy, 1.0, unit, (0.0, 0.0), (0.0, 1 / unit), _uniform(small.game))


def curve_from(game: Game, initial_policy: Policy, *, temperature: float, entropy: str) -> System:
    """From `initial_policy` at t = 0, its zeros moved inside, to an equilibrium at t = 1.

    t = 0 has no other solution, and from almost every policy the curve leads to t = 1, perhaps with turns (Chow,
    Mallet-Paret and Yorke 1978). From the uniform policy, with entropy "none", it is the logit curve, with the
    rationality t / temperature.
    """
    small = compact(game)
    spread = _spread(small.game)
    unit = 1 + spread / temperature
    logs = [np.log(np.maximum(own, _RAREST)) for own in small.restrict(initial_policy)]
    first_sk = Profile.of(log[:, 1:] - log[:, :1] for log in logs).pi_sk
    system = System(small, entropy, spread, unit, (spread / temperature, 0.0), (0.0, 1 / unit), first_sk)
    if system.barred_sk is not None:
        first_sk[system.barred_sk] = 0.0
    return system


def _uniform(game: Game) -> FloatArray:
    """The x of the uniform policy."""
    return np.zeros((game.num_states, sum(game.num_actions) - game.num_agents))


def _spread(game: Game) -> float:
    """The largest difference of two rewards of an agent, 1 where there is none."""
    isa = game.rewards_isa
    least = isa.min(axis=(1, 2)) if game.masks is None else isa.min(axis=(1, 2), where=isa > BARRED, initial=np.inf)
    largest = float((isa.max(axis=(1, 2)) - least).max())
    return largest if largest > 0 else 1.0
