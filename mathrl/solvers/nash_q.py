"""Nash Q iteration: the fixed point of Hu and Wellman's operator, where each stage game has one Nash value."""

from dataclasses import replace

from mathrl.base.checks import count, positive
from mathrl.equilibria.nash.global_optima import GlobalOptima
from mathrl.equilibria.nash.saddle_points import SaddlePoints, constant_sum
from mathrl.equilibria.nash.stages import Kind, Point
from mathrl.equilibria.nash.steps import Steps
from mathrl.games.model import Game, as_played
from mathrl.iteration.iterate import MINIMUM_TOL, iterate
from mathrl.iteration.outcome import Status
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import Values, backup, evaluate

__all__ = ["nash_q"]


def nash_q(game: Game, *, tol: float = 100.0, max_steps: int = 10_000) -> Solution:
    """Find the Nash Q-values and an equilibrium of a game whose stage games have one Nash value each.

        (T Q)^i(s, a) = r^i(s, a) + γ Σ_t P(t|s, a) Nash^i(Q(t))                      (aorpo Lemma D.2)   (1)
        Nash^i(Q(s)) = max_a Q^i(s, a),  attained by one joint action a* for all i    (aorpo Theorem 7)   (2)
        Nash^1(Q(s)) = max_x min_b Σ_a x_a Q^1(s, a, b),   Nash^2 = c/(1 − γ) − Nash^1                    (3)
        V ← V + (I − γ P_π)^{-1} (Nash(Q_V) − V),   Q_V = r + γ P V,   from V = 0                         (4)
        V ← min over π^2 of the value of x and π^2 in the whole game,   x of (3)                          (5)

    (2) is the global optimum and (3) the saddle point of aorpo Theorem 7, condition 3 (Hu and Wellman, JMLR 4 (2003),
    Theorem 17). (3) is for two agents with r^1 + r^2 = c, up to rounding; where episodes end, c must be 0. Every other
    game must have a global optimum in each stage game that is met, up to max(tol, 64)/(1 − γ) roundings of each agent's
    Q there. Where several joint actions are equally good, up to rounding, the first of them is played, in the order in
    which the last agent's action changes fastest. Games of one agent or with a common payoff always have a global
    optimum, and get the answer of `optimal`.

    (4) is Newton's step for the π that attains (2) or (3). With (2) it is policy iteration for all agents at once,
    which always converges; where it leads to stage games without a global optimum, V ← Nash(Q_V) is taken instead. With
    (3) (Pollatschek and Avi-Itzhak 1969) it may fail. It is taken where it lowers the residual to γ times the least one
    so far, and (5) otherwise (Hoffman and Karp 1966), which contracts the error by γ or better. The stage games on the
    way of (4) are not those of the plain iteration V ← Nash(Q_V). If a stage game that only the plain iteration would
    meet has no global optimum, this is not noticed.

    `game`       any game; see above which of them are solved
    `tol`        stop at a residual of this many rounding floors eps·‖Q‖∞ (see `mathrl.Solution`); below 8 counts as 8;
                 default 100
    `max_steps`  the most steps; default 10,000

    Returns `policy`, deterministic in the case (2). `residual` is γ max |Nash(Q_V) − V| plus the largest error of a
    stage game's solution; it bounds ‖T Q − Q‖∞. `history` holds it after each step. A stage game without a global
    optimum ends the run as `OUT_OF_CLASS`: `detail` names the sweep (counted from 0) and the state, and `policy` comes
    as near to (2) as possible. Where the run did not converge, q and v are those of the policy. Raises `ValueError`
    naming the argument.

    >>> from mathrl.games import load
    >>> solution = nash_q(load("big-match"))
    >>> solution.objective.round(9).tolist(), solution.policy[1][0].round(9).tolist()
    ([5.0, -5.0], [0.5, 0.5])
    >>> nash_q(load("battle-of-the-sexes")).status.name
    'OUT_OF_CLASS'
    """
    game = as_played(game)
    in_range(game, 0.0)
    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)
    goal_floors = max(tol, MINIMUM_TOL)
    total = constant_sum(game)
    kind: Kind = GlobalOptima(game, goal_floors) if total is None else SaddlePoints(game, goal_floors, total)
    steps = Steps(kind, goal_floors)
    run = iterate(steps.first(), steps.following, tol=tol, max_steps=max_steps)
    here = run.last.point
    policy = kind.policy(here)
    if here.trouble:
        run = replace(run, status=Status.OUT_OF_CLASS)
    if run.status is Status.CONVERGED:
        v_ms, reached_ms = kind.of_all(here.v_ms), kind.of_all(here.reached_ms)
        values = Values(game, backup(game, v_ms), reached_ms, not game.common_payoff, None)
    else:
        values = evaluate(game, policy, temperature=1.0, entropy="none")
    parameters = {"tol": tol, "max_steps": max_steps}
    answer = solution(policy, values, run, equation=kind.equation, solver="nash_q", parameters=parameters)
    return replace(answer, detail=_detail(game, here, run.status))


def _detail(game: Game, here: Point, status: Status) -> str:
    if status is Status.OUT_OF_CLASS:
        other_class = ", and the payoffs of the two agents have no constant sum" if game.num_agents == 2 else ""
        return f"sweep {here.sweep}, {here.trouble}{other_class}"
    return "rounding leaves a residual larger than tol allows: raise tol" if status is Status.STALLED else ""
