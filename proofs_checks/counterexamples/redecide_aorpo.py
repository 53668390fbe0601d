"""Counterexamples to claims of the AORPO paper, decided from their files alone.

Where a statement has the largest expectation of d over all times, the largest over all states that are ever reached
takes its place: it is no less, and the bounds grow with it.
"""

from typing import Any

from flint import fmpq

from .exact import distributions, expect, outer, policy_values, variation

__all__ = [
    "aorpo_extended_theorem_a_1",
    "aorpo_extended_theorem_a_1__normalised",
    "aorpo_theorem_1",
    "aorpo_theorem_1__normalised",
    "aorpo_theorem_2",
    "aorpo_theorem_2__normalised",
    "aorpo_theorem_2__normalised_model_error_along_the_learned_dynamics",
    "aorpo_theorem_3",
    "aorpo_theorem_3__normalised",
    "aorpo_theorem_4",
    "aorpo_theorem_4__normalised",
    "aorpo_theorem_5",
    "aorpo_theorem_5__normalised",
    "aorpo_theorem_5__normalised_model_error_along_the_learned_dynamics",
]

Instance = dict[str, Any]


def aorpo_theorem_1(x: Instance) -> tuple[bool, Any]:
    """Sums of γ^t r_t from t = 1, as printed, and r_max = max r."""
    return _bounded(x, scale=x["game"]["discount"], size=max(_rewards(x)))


def aorpo_theorem_1__normalised(x: Instance) -> tuple[bool, Any]:
    """1 − γ times the sum from t = 0, and r_max = max r."""
    return _bounded(x, scale=1 - x["game"]["discount"], size=max(_rewards(x)))


def aorpo_theorem_2__normalised_model_error_along_the_learned_dynamics(x: Instance) -> tuple[bool, Any]:
    """1 − γ times the sum, r_max = max |r|, and ε'_m where π leads in the learned dynamics."""
    return _bounded(x, scale=1 - x["game"]["discount"], size=max(map(abs, _rewards(x))), model="learned_transitions")


aorpo_theorem_2 = aorpo_theorem_3 = aorpo_theorem_4 = aorpo_theorem_5 = aorpo_extended_theorem_a_1 = aorpo_theorem_1
aorpo_theorem_2__normalised = aorpo_theorem_3__normalised = aorpo_theorem_4__normalised = aorpo_theorem_1__normalised
aorpo_theorem_5__normalised = aorpo_extended_theorem_a_1__normalised = aorpo_theorem_1__normalised
aorpo_theorem_5__normalised_model_error_along_the_learned_dynamics = (
    aorpo_theorem_2__normalised_model_error_along_the_learned_dynamics
)


def _bounded(x: Instance, scale: Any, size: Any, model: str = "") -> tuple[bool, Any]:
    """Theorems 1 to 5 and A.1 for two agents, so that the sums over opponents have one term."""
    game, i, k = x["game"], x["agent"], x.get("branch_length")
    gamma, start, real, learned = game["discount"], game["start"], game["transitions"], x["learned_transitions"]
    policy, data, guess = x["policy"], x["data_policy"], x.get("opponent_policies", [x["policy"][1 - i]])[0]
    executed = [guess, policy[1]] if i == 1 else [policy[0], guess]
    shift = sum((_apart(*pair) for pair in zip(policy, data, strict=True)), fmpq(0))
    wrong = _apart(guess, policy[1 - i])
    if k is None:
        error = _error(start, real, data, real, learned)
        bound = _c3(size, gamma, error, 2 * shift + wrong)
        other = expect(start, _values(game, learned, executed))
    else:
        error = _error(start, x[model] if model else real, policy, real, learned)
        bound = _c4(size, gamma, k, (0, shift), (error, wrong))
        other = _branched(game, (real, data), (learned, executed), k)
    premises = _sound(game, learned) and distributions([*policy, *data, guess]) and len(policy) == 2 and gamma < 1
    return premises, bound - scale * abs(expect(start, _values(game, real, policy)) - other)


def _c3(size: Any, gamma: Any, dynamics: Any, policies: Any) -> Any:
    return 2 * size * (gamma * (dynamics + policies) / (1 - gamma) + policies)


def _c4(size: Any, gamma: Any, k: int, pre: tuple[Any, Any], post: tuple[Any, Any]) -> Any:
    late = gamma ** (k + 1) * (sum(pre) / (1 - gamma) + pre[1])
    return 2 * size * (late + k * sum(post) + post[1])


def _sound(game: Instance, *dynamics: Any) -> bool:
    """Whether all dynamics and the start are laws, and the discount is above 0."""
    return distributions([game["start"], game["transitions"], *dynamics]) and game["discount"] > 0


def _rewards(x: Instance) -> list[Any]:
    return _numbers(x["game"]["rewards"])


def _numbers(nested: Any) -> list[Any]:
    return [n for each in nested for n in _numbers(each)] if isinstance(nested, list) else [nested]


def _by_action(nested: Any) -> list[Any]:
    """The rows of one state's joint actions in C order."""
    return [row for each in nested for row in _by_action(each)] if isinstance(nested[0], list) else [nested]


def _joint(policy: Any) -> list[Any]:
    """Π_i π^i(a_i|s), by state."""
    return [outer(rows) for rows in zip(*policy, strict=True)]


def _apart(policy: Any, other: Any) -> Any:
    """max_s D_TV."""
    return max(variation(*rows) for rows in zip(policy, other, strict=True))


def _chain(transitions: Any, policy: Any) -> list[Any]:
    """P_π(t|s)."""
    return [
        [expect(played, column) for column in zip(*_by_action(rows), strict=True)]
        for played, rows in zip(_joint(policy), transitions, strict=True)
    ]


def _values(game: Instance, transitions: Any, policy: Any) -> list[Any]:
    """V = Σ_t γ^t r_t from each state, of the common payoff."""
    rewards = [_numbers(of_state) for of_state in game["rewards"]]
    return policy_values(rewards, [_by_action(rows) for rows in transitions], game["discount"], _joint(policy))


def _branched(game: Instance, pre: tuple[Any, Any], post: tuple[Any, Any], k: int) -> Any:
    """Σ_t γ^t r_t, the state at t being min(t, k) steps of `post` after max(t − k, 0) of `pre`, the action `post`'s."""
    chain, gamma = _chain(*post), game["discount"]
    of_s = [expect(played, _numbers(r)) for played, r in zip(_joint(post[1]), game["rewards"], strict=True)]
    total = fmpq(0)
    for t in range(k):
        total += gamma**t * expect(game["start"], of_s)
        of_s = [expect(row, of_s) for row in chain]
    late = policy_values([[r] for r in of_s], [[row] for row in _chain(*pre)], gamma, [[fmpq(1)]] * len(of_s))
    return total + gamma**k * expect(game["start"], late)


def _error(start: Any, along: Any, policy: Any, real: Any, learned: Any) -> Any:
    """The largest expected D_TV of the next state in a state that the policy ever reaches along these dynamics."""
    chain, reached = _chain(along, policy), {s for s, p in enumerate(start) if p > 0}
    for _ in chain:
        reached |= {t for s in reached for t, p in enumerate(chain[s]) if p > 0}
    played = _joint(policy)
    by_action = ([variation(*rows) for rows in zip(*map(_by_action, pair), strict=True)]
                 for pair in zip(real, learned, strict=True))  # fmt: skip
    return max(expect(played[s], d) for s, d in enumerate(by_action) if s in reached)
