"""Assertions for the tests of other codes: their numbers against the exact ones, entry by entry.

An `AssertionError` shows the worst entries, theirs beside the exact ones. Where a known mistake explains the
difference, it says so, and how well (`mathrl.oracle.diagnose`). Arguments are those of `compare`: arrays of any
framework, or functions. A tolerance counts entry by entry: |theirs − x| ≤ atol + rtol |x|, where x is the exact number,
or what a mistake makes of it.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, choice, count, fail, not_negative, positive, proportion
from mathrl.games.model import Game, check_game
from mathrl.games.policies import Policy
from mathrl.operators import ENTROPIES, quantal_response_residuals
from mathrl.oracle.arrays import action_values, policy_rows, scalar, state_values
from mathrl.oracle.beyond import Ignored, entropy_after_ends
from mathrl.oracle.compare import quantal_responses
from mathrl.oracle.counted import barred, counted, counts
from mathrl.oracle.diagnose import ATOL, RTOL, Mistake, diagnose, most_left
from mathrl.oracle.entries import Entry, entry_table, worst_entries, worst_of_policy
from mathrl.oracle.expected import expected_target
from mathrl.oracle.mistakes import target_mistakes, value_mistakes
from mathrl.oracle.targets import bootstrap, cut_shares
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import evaluate, has_agent_axis

__all__ = ["assert_qre", "assert_soft_q", "assert_soft_v", "assert_td_target"]

__tracebackhide__ = True  # pytest shows the caller's line, not these frames


def assert_soft_q(
    game: Game,
    q: Any,
    *,
    policy: Any,
    temperature: float,
    entropy: str = "team",
    truncated: Any = None,
    rtol: float = RTOL,
    atol: float = ATOL,
) -> None:
    """Raise `AssertionError` unless q is the exact soft Q of a policy, up to the tolerances   (hasac Eq. 4, 5).

        |q − Q_π| ≤ atol + rtol |Q_π|   at all states and joint actions

    `game`           the game
    `q`              (S, A_1, …, A_n), with a leading agent axis where the agents' values differ; or a function
                     `q(state, joint_action)`
    `policy`         π: one array (S, A_i) per agent of any framework, or functions, as in `compare`
    `temperature`    α > 0
    `entropy`        whose entropy counts: "team" (by default, the sum over agents), "own" or "none"
    `truncated`      the share of the transitions that a time limit cuts, as in `n_step_target`, where you know it: it
                     changes nothing, but the message then names a critic that takes these cuts for ends
    `rtol`, `atol`   tolerances, relative and absolute; by default what single precision leaves

    Entries of unavailable actions and of terminal states may be anything. The message shows the worst entries, and
    names a known mistake that explains them. Raises `ValueError` where an argument is none of these.

    >>> from mathrl.games import load
    >>> assert_soft_q(load("hasac"), [[5, -20, -20], [-20, 10, -20], [-20, -20, 20]], policy=[[1, 0, 0]] * 2,
    ...               temperature=1.0)
    """
    _assert_values(game, "q", q, policy, temperature, entropy, truncated, rtol, atol)


def assert_soft_v(
    game: Game,
    v: Any,
    *,
    policy: Any,
    temperature: float,
    entropy: str = "team",
    truncated: Any = None,
    rtol: float = RTOL,
    atol: float = ATOL,
) -> None:
    """Raise `AssertionError` unless v is the exact soft V of a policy, up to the tolerances   (hasac Eq. 6).

        |v − V_π| ≤ atol + rtol |V_π|   at all states

    `game`          the game
    `v`             (S,), with a leading agent axis where the agents' values differ; or a function `v(state)`
    `policy`        π: one array (S, A_i) per agent of any framework, or a function `policy(state)`, as in `compare`
    `temperature`   α > 0
    `entropy`       whose entropy counts: "team" (by default, the sum over agents), "own" or "none"
    `truncated`     the share of the transitions that a time limit cuts, as in `assert_soft_q`
    `rtol`, `atol`  tolerances, relative and absolute; by default what single precision leaves

    Entries of terminal states may be anything. The message shows the worst entries, and names a known mistake that
    explains them. Raises `ValueError` where an argument is none of these.

    >>> from mathrl.games import load
    >>> assert_soft_v(load("hasac"), [5.0], policy=[[1, 0, 0]] * 2, temperature=1.0)
    """
    _assert_values(game, "v", v, policy, temperature, entropy, truncated, rtol, atol)


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
    truncated: Any = None,
    rtol: float = RTOL,
    atol: float = ATOL,
) -> None:
    """Raise `AssertionError` unless a critic's target is the expected one   (hasac Eq. 5, soft-qmix Eq. 7).

        |target − y| ≤ atol + rtol |y|   at all states and joint actions

    y is `n_step_target` of `steps` or, with a `trace_decay`, `td_lambda_target`.

    `game`           the game
    `target`         what the code regresses on, in the mean; shaped as q
    `q`, `v`         the values that are bootstrapped from: exactly one of them, as in `n_step_target`
    `steps`          n of the n-step target, ≥ 1
    `trace_decay`    λ of TD(λ), in [0, 1]; None: an n-step target
    `truncated`      the share of the transitions that a time limit cuts, as in `n_step_target`; by default none
    `policy`         π: one array (S, A_i) per agent of any framework, or functions, as in `compare`
    `temperature`    α > 0
    `entropy`        whose entropy counts: "team" (by default, the sum over agents), "own" or "none"
    `rtol`, `atol`   tolerances, relative and absolute; by default what single precision leaves

    Entries of unavailable actions and of terminal states may be anything. Raises `ValueError` where an argument is none
    of these.

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
    played, rows, agent_axis, kind = _checked(game, policy, temperature, entropy, rtol, atol)
    critic, ends = bootstrap(played, rows, q, v, **kind)
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
    nowhere: dict[str, Any] = {
        "ignored": Ignored.of(game, policy=policy, agent_axis=agent_axis, q=q, v=v),
        "cut_sa": cut_sa,
    }
    mistakes = target_mistakes(played, rows, given, exact, computed, v=ends, q=critic, **length, **nowhere, **kind)
    _require(played, "target", f"the exact {what}", given, exact, mistakes, agent_axis, rtol, atol)


def assert_qre(game: Game, policy: Any, *, temperature: float, entropy: str = "team", atol: float = 1e-6) -> None:
    """Raise `AssertionError` unless a policy is a quantal response equilibrium, up to a tolerance   (hasac Eq. 3).

        |π^i − softmax(E_{π^{-i}}[Q_π]/α)| ≤ atol   for all agents, states and actions

    `game`         the game
    `policy`       π, as in `compare`
    `temperature`  α > 0
    `entropy`      whose entropy counts: "team" (by default), "own" or "none"
    `atol`         how far a probability may be off

    The message says so where the policy is an equilibrium with another entropy or temperature. Raises `ValueError`
    where an argument is none of these.

    >>> from mathrl.games import load
    >>> assert_qre(load("matching-pennies"), [[0.5, 0.5], [0.5, 0.5]], temperature=0.1)
    """
    played, rows, agent_axis, kind = _checked(game, policy, temperature, entropy, 0.0, atol)
    temperature = kind["temperature"]

    def differences(alpha: float, entropy: str, after_ends: FloatArray | float = 0.0) -> FloatArray:
        """|π − softmax(E[Q_π]/α)| of all agents in one array; `after_ends` is added to Q_π."""
        q = barred(played, evaluate(played, rows, temperature=alpha, entropy=entropy).q + after_ends)
        off: FloatArray = np.abs(np.concatenate(quantal_response_residuals(q, rows, temperature=alpha), axis=1))
        return off

    off = differences(temperature, entropy)
    if (off <= atol).all():
        return

    def met(alpha: float, entropy: str, after_ends: FloatArray | float = 0.0) -> bool:
        """Whether the policy is an equilibrium of another kind."""
        with np.errstate(all="ignore"):  # of a temperature like 1e-300, the rationality
            return bool((differences(alpha, entropy, after_ends) <= atol).all())

    alternatives = [
        *((temperature, other, f'with entropy="{other}"') for other in ENTROPIES if other != entropy),
        (1.0, entropy, "at temperature 1"),
        (1 / temperature, entropy, f"at temperature {1 / temperature:g}: rationality is 1/temperature"),
    ]
    phrases = [phrase for alpha, other, phrase in alternatives if met(alpha, other)]
    if game.ended is not None and game.discount < 1:
        nowhere = Ignored.of(game, policy=policy, agent_axis=agent_axis)
        if met(temperature, entropy, entropy_after_ends(played, rows, nowhere, **kind)):
            phrases.append("where an end is a state like others, with entropy for ever")
    said = f"the policy is a quantal response equilibrium {' and '.join(phrases)}" if phrases else ""
    size = off.size if played.masks is None else sum(int(own[~game.terminal].sum()) for own in played.masks)
    numbers = (int((off > atol).sum()), size)
    q = barred(played, evaluate(played, rows, **kind).q)
    worst = worst_of_policy(rows, quantal_responses(q, rows, temperature))
    raise AssertionError(_message(game, "policy", "its own quantal response", numbers, worst, said))


def _assert_values(
    game: Game,
    array: str,
    values: Any,
    policy: Any,
    temperature: float,
    entropy: str,
    truncated: Any,
    rtol: float,
    atol: float,
) -> None:
    """`assert_soft_q` and `assert_soft_v`: `array` is "q" or "v"."""
    played, rows, agent_axis, kind = _checked(game, policy, temperature, entropy, rtol, atol)
    given = (action_values if array == "q" else state_values)(played, values, agent_axis=agent_axis)
    cut_sa = cut_shares(played, truncated)
    found = evaluate(played, rows, **kind)
    exact = found.q if array == "q" else found.v
    left = most_left(given, exact, rtol=rtol, atol=atol)
    ignored = Ignored.of(game, policy=policy, agent_axis=agent_axis, **{array: values})
    nowhere: dict[str, Any] = {"ignored": ignored, "cut_sa": cut_sa}
    mistakes = value_mistakes(played, rows, given, exact, array=array, most_left=left, **nowhere, **kind)
    _require(
        played, array, f"the exact soft {array.upper()} of the policy", given, exact, mistakes, agent_axis, rtol, atol
    )


def _checked(
    game: Game, policy: Any, temperature: Any, entropy: str, rtol: float, atol: float
) -> tuple[Game, Policy, bool, dict[str, Any]]:
    """The counted game, its policy as arrays, whether values have an agent axis, temperature and entropy by name."""
    check_game(game)
    alpha = positive("temperature", scalar("temperature", temperature))
    choice("entropy", entropy, ENTROPIES)
    not_negative("rtol", rtol)
    not_negative("atol", atol)
    in_range(game, alpha)
    played, kind = counted(game), {"temperature": alpha, "entropy": entropy}
    return played, policy_rows(played, policy)[0], has_agent_axis(game, entropy), kind


def _require(
    game: Game,
    array: str,
    what: str,
    theirs: FloatArray,
    exact: FloatArray,
    mistakes: Iterable[Mistake],
    agent_axis: bool,
    rtol: float,
    atol: float,
) -> None:
    """Raise `AssertionError` with a diagnosis where an entry is off."""
    with np.errstate(over="ignore"):  # what is off by more than the largest number is off
        off = ~(np.abs(theirs - exact) <= atol + rtol * np.abs(exact))
        if off.any():
            entries = worst_entries(array, theirs, exact, agent_axis=agent_axis)
            said = diagnose(theirs, exact, mistakes, rtol=rtol, atol=atol)
            size = int(counts(game, agent_axis, "v" if array == "v" else "q").sum())
            raise AssertionError(_message(game, array, what, (int(off.sum()), size), entries, said))


def _message(game: Game, array: str, what: str, numbers: tuple[int, int], entries: Sequence[Entry], said: str) -> str:
    """How many entries are off and by how much, the worst of them, and what explains them."""
    largest = abs(entries[0].difference)
    head = f"{array} differs from {what} in {numbers[0]} of {numbers[1]} entries, by at most {largest:.6g}:"
    table = entry_table(entries, agent_names=game.agent_names, action_names=game.action_names)
    return "\n".join(filter(None, [head, table, said]))
