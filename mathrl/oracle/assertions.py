"""Assertions for the tests of other codes: their numbers against the exact ones, entry by entry.

An `AssertionError` shows the worst entries, theirs beside the exact ones. Where a known mistake explains the
difference, it says so, and how well (`mathrl.oracle.diagnose`). Arguments are those of `compare`: arrays of any
framework, or functions. A tolerance counts entry by entry: |theirs − x| ≤ atol + rtol |x|, where x is the exact number,
or what a mistake makes of it.
"""

from functools import partial
from itertools import chain
from typing import Any

from mathrl.base.checks import count, fail, proportion
from mathrl.games.model import Game
from mathrl.oracle.arrays import action_values, policy_rows, several_critics, state_values
from mathrl.oracle.beyond import Ignored
from mathrl.oracle.diagnose import ATOL, RTOL, most_left
from mathrl.oracle.expected import expected_target
from mathrl.oracle.mistakes import target_mistakes, value_mistakes
from mathrl.oracle.required import checked, require
from mathrl.oracle.targets import bootstrap, cut_shares
from mathrl.oracle.twins import joined, twin_mistakes
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import evaluate

__all__ = ["assert_soft_q", "assert_soft_v", "assert_td_target"]

__tracebackhide__ = True  # pytest shows the caller's line, not these frames


def assert_soft_q(
    game: Game,
    q: Any,
    *,
    policy: Any,
    temperature: float,
    entropy: str = "team",
    truncated: Any = None,
    earlier_policy: Any = None,
    rtol: float = RTOL,
    atol: float = ATOL,
) -> None:
    """Raise `AssertionError` unless q is the exact soft Q of a policy, up to the tolerances   (hasac Eq. 4, 5).

        |q − Q_π| ≤ atol + rtol |Q_π|   at all states and joint actions

    `game`           the game
    `q`              (S, A_1, …, A_n), with a leading agent axis where the agents' values differ; or a function
                     `q(state, joint_action)`
    `policy`         π: one array (S, A_i) per agent of any framework, or functions, as in `compare`
    `temperature`    α ≥ 0; 0 for a plain critic, without entropy
    `entropy`        whose entropy counts: "team" (by default, the sum over agents), "own" or "none"
    `truncated`      the share of the transitions that a time limit cuts, as in `n_step_target`, where you know it: it
                     changes nothing, but the message then names a critic that takes these cuts for ends
    `earlier_policy`  a policy that may have stood in place of π, such as the actors before an update, where you have
                     it: it changes nothing, but the message then names a critic of that policy
    `rtol`, `atol`   tolerances, relative and absolute; by default what single precision leaves

    Entries of unavailable actions and of terminal states may be anything. The message shows the worst entries, and
    names a known mistake that explains them. Raises `ValueError` where an argument is none of these.

    >>> from mathrl.games import load
    >>> assert_soft_q(load("hasac"), [[5, -20, -20], [-20, 10, -20], [-20, -20, 20]], policy=[[1, 0, 0]] * 2,
    ...               temperature=1.0)
    """
    kind = {"temperature": temperature, "entropy": entropy, "rtol": rtol, "atol": atol}
    _assert_values(game, "q", q, policy, truncated, earlier_policy, **kind)


def assert_soft_v(
    game: Game,
    v: Any,
    *,
    policy: Any,
    temperature: float,
    entropy: str = "team",
    truncated: Any = None,
    earlier_policy: Any = None,
    rtol: float = RTOL,
    atol: float = ATOL,
) -> None:
    """Raise `AssertionError` unless v is the exact soft V of a policy, up to the tolerances   (hasac Eq. 6).

        |v − V_π| ≤ atol + rtol |V_π|   at all states

    `game`          the game
    `v`             (S,), with a leading agent axis where the agents' values differ; or a function `v(state)`
    `policy`        π: one array (S, A_i) per agent of any framework, or a function `policy(state)`, as in `compare`
    `temperature`   α ≥ 0; 0 for a plain critic, without entropy
    `entropy`       whose entropy counts: "team" (by default, the sum over agents), "own" or "none"
    `truncated`, `earlier_policy`  as in `assert_soft_q`
    `rtol`, `atol`  tolerances, relative and absolute; by default what single precision leaves

    Entries of terminal states may be anything. The message shows the worst entries, and names a known mistake that
    explains them. Raises `ValueError` where an argument is none of these.

    >>> from mathrl.games import load
    >>> assert_soft_v(load("hasac"), [5.0], policy=[[1, 0, 0]] * 2, temperature=1.0)
    """
    kind = {"temperature": temperature, "entropy": entropy, "rtol": rtol, "atol": atol}
    _assert_values(game, "v", v, policy, truncated, earlier_policy, **kind)


def assert_td_target(
    game: Game,
    target: Any,
    *,
    policy: Any,
    temperature: float,
    q: Any = None,
    v: Any = None,
    entropy: str = "team",
    steps: int = 1,
    trace_decay: float | None = None,
    critics: str = "minimum",
    truncated: Any = None,
    earlier_policy: Any = None,
    rtol: float = RTOL,
    atol: float = ATOL,
) -> None:
    """Raise `AssertionError` unless a critic's target is the expected one   (hasac Eq. 5, soft-qmix Eq. 7).

        |target − y| ≤ atol + rtol |y|   at all states and joint actions

    y is `n_step_target` of `steps` or, with a `trace_decay`, `td_lambda_target`.

    `game`           the game
    `target`         what the code regresses on, in the mean; shaped as q
    `q`, `v`         the values that are bootstrapped from: exactly one of them, as in `n_step_target`; q may be several
                     critics, a sequence or a function for each
    `steps`          n of the n-step target, ≥ 1
    `trace_decay`    λ of TD(λ), in [0, 1]; None: an n-step target
    `critics`        what several critics count as, for each joint action: their "minimum" (by default), "mean" or
                     "maximum"
    `truncated`      the share of the transitions that a time limit cuts, as in `n_step_target`; by default none
    `earlier_policy`  a policy that may have stood in place of π, as in `assert_soft_q`
    `policy`         π: one array (S, A_i) per agent of any framework, or functions, as in `compare`
    `temperature`    α ≥ 0; 0 for a plain critic, without entropy
    `entropy`        whose entropy counts: "team" (by default, the sum over agents), "own" or "none"
    `rtol`, `atol`   tolerances, relative and absolute; by default what single precision leaves

    Entries of unavailable actions and of terminal states may be anything. Raises `ValueError` where an argument is none
    of these.

    >>> import numpy as np
    >>> game = Game.stochastic(np.ones((1, 2)), np.ones((1, 2, 1)), discount=0.5)
    >>> assert_td_target(game, [[1.5, 1.5]], policy=[[0.5, 0.5]], q=[[2.0, 0.0]], temperature=1.0)
    Traceback (most recent call last):
        ...
    AssertionError: target differs from the exact 1-step target in 2 of 2 entries, by at most 0.346574:
      state    action    theirs       exact    difference
    -------  --------  --------  ----------  ------------
          0         0       1.5  1.84657359        -0.347
          0         1       1.5  1.84657359        -0.347
    theirs are the exact ones without any entropy
    """
    played, rows, agent_axis, kind = checked(game, policy, temperature, entropy, rtol, atol)
    twins = () if q is None or v is not None else several_critics(played, q, agent_axis=agent_axis)
    whole = joined(twins, critics) if twins else q
    critic, ends = bootstrap(played, rows, whole, v, **kind)
    cut_sa = cut_shares(played, truncated)
    if trace_decay is not None:
        trace_decay = proportion("trace_decay", trace_decay)
    steps = count("steps", steps, 1)
    if trace_decay is not None and steps != 1:
        fail("trace_decay", "is given together with steps", "one of the two")
    given = action_values(played, target, agent_axis=agent_axis, argument="target")
    what = f"{steps}-step target" if trace_decay is None else f"TD(λ) target of λ = {trace_decay:g}"
    in_range(game, kind["temperature"], ends)
    computed = partial(expected_target, policy=rows, steps=steps, trace_decay=trace_decay, cut_sa=cut_sa)
    exact = computed(played, v=ends, **kind)
    length: dict[str, Any] = {"steps": steps if trace_decay is None else None, "trace_decay": trace_decay}
    own_q = None if len(twins) > 1 else q
    known: dict[str, Any] = {
        "ignored": Ignored.of(game, policy=policy, agent_axis=agent_axis, q=own_q, v=v),
        "cut_sa": cut_sa,
        "earlier": None if earlier_policy is None else policy_rows(played, earlier_policy, "earlier_policy")[0],
    }
    mistakes = chain(
        twin_mistakes(played, rows, twins, critics, computed, **kind),
        target_mistakes(played, rows, given, exact, computed, v=ends, q=critic, **length, **known, **kind),
    )
    require(played, "target", f"the exact {what}", given, exact, mistakes, agent_axis, rtol, atol)


def _assert_values(
    game: Game,
    array: str,
    values: Any,
    policy: Any,
    truncated: Any,
    earlier_policy: Any,
    *,
    temperature: Any,
    entropy: Any,
    rtol: Any,
    atol: Any,
) -> None:
    """`assert_soft_q` and `assert_soft_v`: `array` is "q" or "v"."""
    played, rows, agent_axis, kind = checked(game, policy, temperature, entropy, rtol, atol)
    given = (action_values if array == "q" else state_values)(played, values, agent_axis=agent_axis)
    known: dict[str, Any] = {
        "cut_sa": cut_shares(played, truncated),
        "earlier": None if earlier_policy is None else policy_rows(played, earlier_policy, "earlier_policy")[0],
        "ignored": Ignored.of(game, policy=policy, agent_axis=agent_axis, **{array: values}),
    }
    found = evaluate(played, rows, **kind)
    exact = found.q if array == "q" else found.v
    left = most_left(given, exact, rtol=rtol, atol=atol)
    mistakes = value_mistakes(played, rows, given, exact, array=array, most_left=left, **known, **kind)
    what = f"the exact soft {array.upper()} of the policy"
    require(played, array, what, given, exact, mistakes, agent_axis, rtol, atol)
