"""Values regularised towards a target policy ρ: exact ones, improvements, and how far a policy is from its improvement.

    V_ρ^π = E_π[Q] − ω Σ_i KL(π^i ‖ ρ^i),   Q = r + γ P V_ρ^π                  (dmac §4.1)              (1)
    log(π_new^i/ρ^i) = E_{π^{-i}}[Q]/ω − log Z^i,  the agents in turn          (dmac Lemma 2, Eq. 5)    (2)

The joint policies of a game are the policies of one agent that plays joint actions: with it (2) is Eq. 5 itself.
Policies are kept as log(π/ρ) and log π. Both stay finite where π and ρ underflow, and the divergence loses no digits
where ω is large and π is near ρ.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from mathrl.base.checks import FloatArray, as_floats, as_numbers, choice, entry, fail, normalised, probabilities, shape
from mathrl.games.model import Game, check_game
from mathrl.games.policies import Policy, as_policy, marginals
from mathrl.games.profile import Profile
from mathrl.iteration.iterate import MINIMUM_TOL, Iterate, iterate
from mathrl.iteration.outcome import Status, rounding_floor
from mathrl.operators import log_divergence_ratio, marginal_q
from mathrl.softmax import log_probabilities
from mathrl.values.attained import judged, policy_floors, roundings
from mathrl.values.joint_control import control
from mathrl.values.linear_system import Resolvent
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import Values, evaluate_joint
from mathrl.values.softness import TargetSoftMax

__all__ = [
    "POLICY_CLASSES",
    "Point",
    "Regularised",
    "Tilted",
    "absolutely_continuous",
    "answer",
    "as_joint",
    "check_weight",
    "controller",
    "initial_logarithms",
    "logarithms",
    "unregularised",
]

POLICY_CLASSES = ("joint", "product")
"""The policies over which the regularised values are maximised: joint ones, or products."""

_MOST_ROUNDS = 8
"""How often, at most, all agents respond in turn between two evaluations."""

_LAST_ROUND = 0.1
"""The rounds end once a round moves the policy by less than this share of what the first round did."""

_MOST_IMPROVEMENTS = 10_000
"""How many improvements are made, at most, at one target of an iteration over targets."""


class Tilted(NamedTuple):
    """A product policy with its logarithms.

    `pi`      π^i, (S, A_i) per agent
    `log_pi`  log π^i, −∞ where it is 0
    `ratio`   log(π^i/ρ^i), 0 where ρ^i is 0
    """

    pi: Profile
    log_pi: Policy
    ratio: Policy

    @property
    def divergence_s(self) -> FloatArray:
        """KL(π ‖ ρ) = Σ_i KL(π^i ‖ ρ^i), (S,)."""
        return reduce(np.add, (np.einsum("sa,sa->s", pi, ratio) for pi, ratio in zip(self.pi, self.ratio, strict=True)))


@dataclass(frozen=True)
class Point:
    """A policy, its exact regularised values, and each agent's response (2) to the others of this policy."""

    tilted: Tilted
    values: Values
    responses: Tilted


def controller(game: Game, policy_class: str) -> Game:
    """Return the game as whoever chooses the policy sees it.

    For joint policies that is a game with one agent, which plays the joint actions; for products it is `game` itself.
    Raises `ValueError` for a general-sum game.
    """
    check_game(game)
    if not game.common_payoff:
        mend = "agents with different rewards have no common regularised value; solver qre takes any game"
        fail("game", "is general-sum", "a common payoff", mend)
    if choice("policy_class", policy_class, POLICY_CLASSES) == "product" or game.num_agents == 1:
        return game
    shared: Any = game.transitions
    rows = (game.num_states, game.num_joint_actions)
    transitions = shared if game.sparse else shared.reshape(*rows, game.num_states)
    return Game.unchecked(game.rewards.reshape(rows), transitions, game.discount, game.start, like=game)


def as_joint(game: Game, given: Any, argument: str) -> FloatArray:
    """Check a joint policy (S, A_1, …, A_n), or (A_1, …, A_n) in a game with one state; rows sum to 1."""
    array = as_floats(argument, given)
    if game.num_states == 1 and array.ndim == game.num_agents:
        array = array[None]
    shape(argument, array, (game.num_states, *game.num_actions))
    rows = array.reshape(game.num_states, -1)
    if game.ended is not None:  # such rows are ignored
        rows[game.ended] = np.eye(rows.shape[1])[0] if game.played else 1 / rows.shape[1]
    probabilities(argument, rows)
    if game.barred_sa is not None and (barred := (rows > 0) & game.barred_sa).any():
        s, a = np.argwhere(barred)[0]
        actions = np.unravel_index(a, game.num_actions)
        fail(entry(argument, (s, *actions)), f"is {rows[s, a]:g}", "0", "not all of these actions are available")
    return array


def logarithms(game: Game, given: Any, argument: str, policy_class: str) -> tuple[Any, Policy]:
    """Check a policy, and return it with the logarithms of the policies of the agents of `controller`.

    A tuple or list is a product policy. An array is a joint policy, which only the class of joint policies takes.
    """
    if isinstance(given, np.ndarray):
        if policy_class == "product":
            mend = "give one array per agent; a correlated policy is no product: use policy_class 'joint'"
            fail(argument, "is a joint policy", "a product policy", mend)
        joint = as_joint(game, given, argument)
        return joint, (log_probabilities(joint.reshape(game.num_states, -1)),)
    product = as_policy(game, given, argument)
    logs = tuple(map(log_probabilities, product))
    if policy_class == "product":
        return product, logs
    # The sum of logarithms stays finite where the product of probabilities underflows.
    joint_log = reduce(lambda left, right: (left[:, :, None] + right[:, None, :]).reshape(len(left), -1), logs)
    return product, (joint_log,)


def initial_logarithms(game: Game, given: Any, policy_class: str) -> tuple[Any, Policy]:
    """`logarithms` of an `initial_policy`, whose rows are normalised where single precision left them off."""
    if isinstance(given, np.ndarray):
        axes = tuple(range(-game.num_agents, 0))
        read = as_numbers("initial_policy", given)
        given = normalised(read, axes)[0] if read.ndim >= game.num_agents else read
    elif isinstance(given, Sequence):
        given = [normalised(as_numbers(f"initial_policy[{i}]", own))[0] for i, own in enumerate(given)]
    return logarithms(game, given, "initial_policy", policy_class)


def absolutely_continuous(argument: str, log_policy: Policy, log_target: Policy) -> None:
    """Raise `ValueError` where a policy plays what the target never does; both are given as logarithms."""
    if any((np.isfinite(mine) & ~np.isfinite(rho)).any() for mine, rho in zip(log_policy, log_target, strict=True)):
        found = "plays an action that target_policy never does"
        fail(argument, found, "0 wherever the target is 0", "its divergence from the target is infinite")


def check_weight(game: Game, temperature: float, log_target: Policy) -> None:
    """Require that values that are regularised towards a target can be computed with in double precision.

    Raises `ValueError` naming the game or the temperature.
    """
    nats = sum(float(-log[np.isfinite(log)].min()) for log in log_target)
    in_range(game, temperature, nats=nats, divergence=True)


class Regularised:
    """The values of a game that are regularised towards a target policy.

    `game`         what `controller` returns
    `log_target`   log ρ^i, (S, A_i) per agent, −∞ where ρ^i is 0
    `temperature`  ω
    `tol`          how many rounding floors of a residual are enough; below 8 counts as 8
    """

    def __init__(self, game: Game, log_target: Policy, temperature: float, tol: float = MINIMUM_TOL) -> None:
        self.game, self.log_target, self.temperature = game, log_target, temperature
        self._goal = max(tol, MINIMUM_TOL)

    def tilted(self, log_pi: Policy) -> Tilted:
        """Return the policy that has these logarithms; it must be 0 wherever ρ is."""
        ratios = [np.where(log > -np.inf, log, 0.0) - np.where(log > -np.inf, log_rho, 0.0)
                  for log, log_rho in zip(log_pi, self.log_target, strict=True)]  # fmt: skip
        return Tilted(Profile.of(map(np.exp, log_pi)), log_pi, tuple(ratios))

    def evaluate(self, tilted: Tilted, guess: FloatArray | None = None, solve: Resolvent | None = None) -> Values:
        """Return the exact Q and V of (1). `solve` is the resolvent of the policy's chain, where it is known."""
        bonus_ms = -self.temperature * tilted.divergence_s[None]
        return evaluate_joint(self.game, tilted.pi.joint_sa, bonus_ms, agent_axis=False, guess=guess, solve=solve)

    def response(self, q: FloatArray, pi: Policy, agent: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return π, log π and log(π/ρ) of one agent's response (2) to the others' policies."""
        log_rho = self.log_target[agent]
        ratio = log_divergence_ratio(marginal_q(q, pi, agent), log_rho, temperature=self.temperature)  # (2)
        log_pi = log_rho + ratio
        return np.exp(log_pi), log_pi, ratio

    def responses(self, q: FloatArray, pi: Policy) -> Tilted:
        """Return every agent's response (2) to the same policy."""
        return _together(self.response(q, pi, agent) for agent in range(len(pi)))

    def improved(self, point: Point) -> Tilted:
        """Let the agents respond in turn at the same Q, round after round while a round still moves the policy far."""
        if self.game.num_agents == 1:
            return point.responses
        q, pi, moves = point.values.q, point.tilted.pi, list[float]()
        while len(moves) < _MOST_ROUNDS and not (moves and moves[-1] <= _LAST_ROUND * moves[0]):
            before, found = pi, []
            for agent in range(len(pi)):
                found.append(self.response(q, pi, agent))
                pi = Profile.of((*pi[:agent], found[-1][0], *pi[agent + 1 :]))
            moves.append(max(float(np.abs(new - old).max()) for new, old in zip(pi, before, strict=True)))
        return _together(found)

    def at(self, tilted: Tilted, values: Values) -> Iterate[Point]:
        """Return the iterate of a policy with these values; its history is the regularised objective.

        Its residual is max |π^i − response| over agents, states and actions.
        """
        responses = self.responses(values.q, tilted.pi)

        def misses_of_states() -> FloatArray:
            raised = replace(values, q_msa=values.q_msa + roundings(self.game, values.q_msa, values.v_ms))
            return np.maximum(_apart(tilted, responses), _apart(tilted, self.responses(raised.q, tilted.pi)))

        residual, floor = judged(
            float(_apart(tilted, responses).max()),
            rounding_floor(values.q, self.temperature),
            self._goal,
            lambda: policy_floors(values, tilted.pi, self.temperature),
            misses_of_states,
        )
        return Iterate(Point(tilted, values, responses), residual, floor, float(values.objective))

    def with_returns(self, here: Iterate[Point]) -> Iterate[Point]:
        """Return the same iterate whose history is two returns: that of the original game, and the regularised one."""
        values, joint_sa = here.point.values, here.point.tilted.pi.joint_sa
        expected = np.einsum("sa,sa->s", self.game.rewards_isa[0], joint_sa)
        v_s = expected if values.solve is None else values.solve(expected, values.v_ms[0])
        return replace(here, record=(float(np.einsum("s,s", v_s, self.game.start)), float(values.objective)))

    def step(self, last: Iterate[Point]) -> Iterate[Point]:
        """Improve the policy by (2), then evaluate it by (1)."""
        tilted = self.improved(last.point)
        return self.at(tilted, self.evaluate(tilted, last.point.values.v_ms))

    def settled(self, tilted: Tilted, values: Values) -> tuple[Tilted, Values] | None:
        """Return the fixed point of `step` that is reached from a policy, with its values.

        None is returned if 10,000 steps do not reach it. Its distance is measured in log π: an iteration over targets
        needs the actions that are rare now.
        """
        if self.game.num_agents == 1:
            return self._best(values.v_ms[0])
        before = np.inf

        def near(here: Iterate[Point]) -> Iterate[Point]:
            return replace(here, residual=self._apart(here.point))

        def step(last: Iterate[Point]) -> Iterate[Point] | None:
            nonlocal before
            # No smaller residual can be asked for: the values are off by rounding over 1 − γ themselves.
            rounding = self._goal * last.rounding_floor / (1 - self.game.discount or 1 / self.game.horizon)
            if before / 2 <= last.residual <= rounding:
                return None
            before = last.residual
            return near(self.step(last))

        run = iterate(near(self.at(tilted, values)), step, tol=self._goal, max_steps=_MOST_IMPROVEMENTS)
        here = run.last.point
        return (here.tilted, here.values) if run.status in (Status.CONVERGED, Status.STALLED) else None

    def _best(self, guess_s: FloatArray) -> tuple[Tilted, Values] | None:
        """The optimal joint policy and its values, by the control of all agents at once (dmac Proposition 5)."""
        (log_rho,) = self.log_target
        run, _ = control(
            self.game,
            TargetSoftMax(self.temperature, log_rho),
            tol=MINIMUM_TOL,
            max_steps=_MOST_IMPROVEMENTS,
            guess=guess_s,
        )
        if run.status is not Status.CONVERGED and run.last.residual > self._goal * run.last.rounding_floor:
            return None
        here = run.last.point
        tilted = _together([self.response(here.q_sa, (np.exp(log_rho),), 0)])
        return tilted, Values(self.game, here.q_sa[None], here.reached_s[None], False, None)

    def _apart(self, point: Point) -> float:
        """max |log π^i − log response| over the actions that ρ plays."""
        pairs = zip(point.tilted.ratio, point.responses.ratio, self.log_target, strict=True)
        return max(float(np.abs(ours - best)[np.isfinite(log_rho)].max()) for ours, best, log_rho in pairs)


def answer(game: Game, policy_class: str, pi: Policy, values: Values) -> tuple[Policy, Values, FloatArray | None]:
    """Return the policy, its values and, for the class of joint policies, the joint policy, in the shapes of `game`."""
    values = Values(game, values.q_msa, values.v_ms, False, values.solve)
    if policy_class == "product":
        return pi, values, None
    joint = pi[0].reshape(game.num_states, *game.num_actions)
    return marginals(joint), values, joint


def unregularised(game: Game, pi: Policy, regularised: Values) -> Values:
    """Return the values without divergence of the policy whose regularised values are given."""
    joint_sa, no_bonus = Profile.of(pi).joint_sa, np.zeros((1, game.num_states))
    return evaluate_joint(game, joint_sa, no_bonus, agent_axis=False, guess=regularised.v_ms, solve=regularised.solve)


def _apart(tilted: Tilted, responses: Tilted) -> FloatArray:
    """max |π^i − response| in each state, (S,)."""
    pairs = zip(tilted.pi, responses.pi, strict=True)
    return np.asarray(np.max([np.abs(ours - best).max(axis=1) for ours, best in pairs], axis=0))


def _together(responses: Any) -> Tilted:
    """The agents' responses as one policy."""
    pi, log_pi, ratio = zip(*responses, strict=True)
    return Tilted(Profile.of(pi), log_pi, ratio)
