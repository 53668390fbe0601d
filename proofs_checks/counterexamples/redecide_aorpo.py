"""Counterexamples to claims of the AORPO paper, decided from their files alone.

Where a statement has the largest expectation of d over all times, the largest over all states that are ever reached
takes its place: it is no less, and the bounds grow with it.
"""

from typing import Any

from flint import arb, fmpq

from .exact import distributions, entropy, expect, log_sum, outer, policy_values, softmax, variation

__all__ = [
    "aorpo_extended_lemma_c_3",
    "aorpo_extended_lemma_c_4",
    "aorpo_extended_theorem_a_1",
    "aorpo_extended_theorem_a_1__normalised",
    "aorpo_extended_theorem_b_1__normalised_max_r_own_actions_given_the_others",
    "aorpo_extended_theorem_b_2__normalised_max_r_own_actions_given_the_others",
    "aorpo_lemma_c_3",
    "aorpo_lemma_c_3__normalised",
    "aorpo_lemma_c_3__normalised_max_r_any_first_states",
    "aorpo_lemma_c_4",
    "aorpo_lemma_c_4__max_r_model_error_under_the_law_of_each_time",
    "aorpo_lemma_c_4__max_r_rollouts_that_end",
    "aorpo_lemma_d_2__conditions_of_theorem_7",
    "aorpo_lemma_d_4__any_temperature",
    "aorpo_lemma_d_4__own_policies_all_agents_at_once",
    "aorpo_lemma_d_5",
    "aorpo_lemma_d_6",
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
    "aorpo_theorem_6",
    "aorpo_theorem_7",
    "aorpo_theorem_7__temperature_tends_to_0",
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
    return _bounded(x, scale=1 - x["game"]["discount"], size=_largest(x), model="learned_transitions")


aorpo_theorem_2 = aorpo_theorem_3 = aorpo_theorem_4 = aorpo_theorem_5 = aorpo_extended_theorem_a_1 = aorpo_theorem_1
aorpo_theorem_2__normalised = aorpo_theorem_3__normalised = aorpo_theorem_4__normalised = aorpo_theorem_1__normalised
aorpo_theorem_5__normalised = aorpo_extended_theorem_a_1__normalised = aorpo_theorem_1__normalised
aorpo_theorem_5__normalised_model_error_along_the_learned_dynamics = (
    aorpo_theorem_2__normalised_model_error_along_the_learned_dynamics
)


def aorpo_lemma_c_4__max_r_rollouts_that_end(x: Instance) -> tuple[bool, Any]:
    """All dynamics and policies are the same, so that the bound is 0; one state, where r is paid in each step."""
    game, gamma, steps = x["game"], x["game"]["discount"], x["steps_before"] + x["branch_length"]
    policies, dynamics = [x["policy"], x["pre_policy"], x["post_policy"]], [x["pre_transitions"], x["post_transitions"]]
    same = dynamics == [game["transitions"]] * 2 and policies == [x["policy"]] * 3 and len(game["start"]) == 1
    paid = expect(_joint(x["policy"])[0], _rewards(x))
    ended = sum((gamma**t * paid for t in range(steps)), fmpq(0))
    return same and _sound(game, x["policy"]), -(1 - gamma) * abs(paid / (1 - gamma) - ended)


def aorpo_theorem_6(x: Instance) -> tuple[bool, Any]:
    """One state, perfect models. As V(r + c) = V(r) + c, the fixed points are r + γ V(r)/(1 − γ), for V with weights φ
    and without; the update is a γ-contraction to the first of them.
    """
    game, (phi,), alpha, gamma = x["game"], x["opponent_policies"], x["temperature"], x["game"]["discount"]
    (r,) = game["rewards"]
    perfect = x["first_policies"] == [phi] and x["first_rewards"] == game["rewards"]
    perfect = perfect and x["first_transitions"] == game["transitions"] and len(game["transitions"]) == 1
    weighted = log_sum(_numbers(r), alpha, phi[0] * len(r))
    apart = gamma / (1 - gamma) * (log_sum(_numbers(r), alpha) - weighted)
    return perfect and _sound(game, phi) and alpha > 0 and x["agent"] == 0, -abs(apart)


def aorpo_theorem_7(x: Instance) -> tuple[bool, Any]:
    """One state. From Q = 0 full sweeps give tables c r + d with 0 ≤ c ≤ 1, whose only equilibrium, by dominance, is
    their optimum (0, 0), or all of whose entries are equal. They tend to r + γ V(r)/(1 − γ), V soft; Nash has V = max.
    """
    game, alpha, gamma = x["game"], x["temperature"], x["game"]["discount"]
    ((first, second),) = game["rewards"]
    dominant = all(p > q for p, q in zip(first, second, strict=True)) and all(
        row[0] > row[1] for row in (first, second)
    )
    steps = fmpq(1, 2) < x["power"] <= 1 and not any(_numbers(x["q"]))
    soft, nash = log_sum(first + second, alpha), max(first + second)
    return dominant and steps and _sound(game) and alpha > 0, -abs(gamma / (1 - gamma) * (soft - nash))


def aorpo_theorem_7__temperature_tends_to_0(x: Instance) -> tuple[bool, Any]:
    """A saddle point in pure actions: its value against α log Σ exp(r/α), which is at least max r, less α log |A|."""
    (first, second), alpha, gamma = x["payoffs"], x["temperature"], x["discount"]
    low, high = max(map(min, first)), min(map(max, zip(*first, strict=True)))
    premises = low == high and _numbers(second) == [-r for r in _numbers(first)] and alpha > 0 and 0 < gamma < 1
    soft = log_sum(_numbers(first), alpha)
    return premises, gamma / (1 - gamma) * (alpha * arb(4).log() - abs(soft - low))


def aorpo_lemma_d_4__any_temperature(x: Instance) -> tuple[bool, Any]:
    """One state: V = (E[r] + α H)/(1 − γ), Q = r + γ V, and exp(Q) is proportional to exp(r)."""
    game, alpha, gamma = x["game"], x["temperature"], x["game"]["discount"]
    r, policy = _numbers(game["rewards"]), _numbers(x["joint_policy"])
    old, new = ((expect(p, r) + alpha * entropy(p)) / (1 - gamma) for p in (policy, softmax(r)))
    premises = _sound(game, policy) and len(game["transitions"]) == 1 and alpha > 0
    return premises, gamma * (new - old)


def aorpo_lemma_d_5(x: Instance) -> tuple[bool, Any]:
    """G_t = 0, F_t = γ = 1, λ_t = 0, so that P_t(Q_1, Q_2)(x) = ±‖Q_2‖ and P_t(Q_1, 0) = 0; the sequence is constant.

    P_t(Q_1, 0) does not depend on Q_1, the products of G_t are 0, and |P_t(Q_1, 0) − P_t(Q_1, Q_2)| = ‖Q_2‖.
    """
    q, gamma = x["q"], x["factor"]
    premises = not any(_numbers(x["kept"])) and x["offset"] == 0 and 0 <= gamma <= 1
    norm, directions = max(map(abs, q)), x["directions"]
    constant = bool(directions) and all([u * gamma * norm for u in row] == q for row in directions)
    bounded = all(abs(u) <= 1 for u in _numbers(directions))
    return premises and constant and bounded, -norm


def aorpo_lemma_d_2__conditions_of_theorem_7(x: Instance) -> tuple[bool, Any]:
    """Agent 1 changes nothing and agent 0 has one best action, so that every equilibrium of a stage game has one value.
    In the first that is a saddle point and no optimum, in the second an optimum and no saddle point.
    """
    values = []
    for (own, other), kind in zip((x["q"], x["other_q"]), ("saddle point", "optimum"), strict=True):
        alone = all(row[0] == row[1] for row in own + other) and own[0][0] != own[1][0]
        a = 0 if own[0][0] > own[1][0] else 1
        optimum, saddle = other[a][0] >= other[1 - a][0], other[a][0] <= other[1 - a][0]
        values.append((alone and (optimum if kind == "optimum" else saddle), own[a][0], other[a][0]))
    (fits, *one), (fits_too, *two) = values
    gamma, apart = x["discount"], max(abs(p - q) for p, q in zip(*map(_numbers, (x["q"], x["other_q"])), strict=True))
    return fits and fits_too and 0 < gamma < 1, gamma * (apart - max(abs(p - q) for p, q in zip(one, two, strict=True)))


def aorpo_lemma_d_4__own_policies_all_agents_at_once(x: Instance) -> tuple[bool, Any]:
    """One state: V = (E[r] + Σ H)/(1 − γ), Q = r + γ V; the agents' new policies are proportional to exp of mean r."""
    (r,), ((one,), (two,)), gamma = x["game"]["rewards"], x["policy"], x["game"]["discount"]
    new = softmax([expect(two, row) for row in r]), softmax([expect(one, column) for column in zip(*r, strict=True)])
    old_value, new_value = (
        (expect(outer(pair), _numbers(r)) + entropy(pair[0]) + entropy(pair[1])) / (1 - gamma)
        for pair in ((one, two), new)
    )
    return _sound(x["game"], [one, two]), gamma * (new_value - old_value)


def aorpo_lemma_d_6(x: Instance) -> tuple[bool, Any]:
    """One state; the two tables differ by a constant, which ⊕ passes on whole, whatever the factor below 1."""
    game, ((phi,),), alpha = x["game"], x["opponent_policies"], x["temperature"]
    tables = [_numbers(x[name]) for name in ("q", "other_q")]
    (apart,) = {g - f for f, g in zip(*tables, strict=True)}
    one, other = (log_sum(table, alpha, phi * len(x["q"][0])) for table in tables)
    premises = _sound(game, phi) and alpha > 0 and 0 < x["factor"] < 1 and apart > 0
    return premises, x["factor"] * apart - abs(other - one)


def _bounded(x: Instance, scale: Any, size: Any, model: str = "") -> tuple[bool, Any]:
    """Theorems 1 to 5 and A.1 for two agents, so that the sums over opponents have one term."""
    game, i, k = x["game"], x["agent"], x.get("branch_length")
    gamma, start, real, learned = game["discount"], game["start"], game["transitions"], x["learned_transitions"]
    policy, data, guess = x["policy"], x["data_policy"], x.get("opponent_policies", [x["policy"][1 - i]])[0]
    executed = _joint([guess, policy[1]] if i == 1 else [policy[0], guess])
    shift = _all_apart(policy, data)
    wrong, playing, collecting = _apart(guess, policy[1 - i]), _joint(policy), _joint(data)
    if k is None:
        error = _error(start, real, collecting, real, learned)
        bound = _c3(size, gamma, error, 2 * shift + wrong)
        other = expect(start, _values(game, learned, executed))
    else:
        error = _error(start, x[model] if model else real, playing, real, learned)
        bound = _c4(size, gamma, k, (0, shift), (error, wrong))
        other = _branched(game, (real, collecting), (learned, executed), k)
    premises = _sound(game, learned) and distributions([*policy, *data, guess]) and len(policy) == 2
    return premises, bound - scale * abs(expect(start, _values(game, real, playing)) - other)


def aorpo_extended_theorem_b_1__normalised_max_r_own_actions_given_the_others(x: Instance) -> tuple[bool, Any]:
    """Agent 0 answers agent 1; what it plays in a state is the same in π and in π_D."""
    (sound, shift, own, data), game, learned = _answering(x), x["game"], x["learned_transitions"]
    error = _error(game["start"], game["transitions"], data, game["transitions"], learned)
    bound = _c3(_largest(x), game["discount"], error, 2 * shift)
    one, two = (expect(game["start"], _values(game, dynamics, own)) for dynamics in (game["transitions"], learned))
    return sound, bound - (1 - game["discount"]) * abs(one - two)


def aorpo_extended_theorem_b_2__normalised_max_r_own_actions_given_the_others(x: Instance) -> tuple[bool, Any]:
    """The same for rollouts."""
    (sound, shift, own, data), game, learned = _answering(x), x["game"], x["learned_transitions"]
    real, k, gamma = game["transitions"], x["branch_length"], game["discount"]
    error = _error(game["start"], real, own, real, learned)
    bound = _c4(_largest(x), gamma, k, (fmpq(0), shift), (error, fmpq(0)))
    branched = _branched(game, (real, data), (learned, own), k)
    return sound, bound - (1 - gamma) * abs(expect(game["start"], _values(game, real, own)) - branched)


def aorpo_lemma_c_3(x: Instance) -> tuple[bool, Any]:
    """Sums of γ^t r_t from t = 1, as printed, and r_max = max r."""
    return _two(x, scale=x["game"]["discount"])


def aorpo_lemma_c_3__normalised(x: Instance) -> tuple[bool, Any]:
    """1 − γ times the sum from t = 0, and r_max = max r."""
    return _two(x, scale=1 - x["game"]["discount"])


aorpo_extended_lemma_c_3 = aorpo_lemma_c_3__normalised


def aorpo_lemma_c_3__normalised_max_r_any_first_states(x: Instance) -> tuple[bool, Any]:
    """The same policies and dynamics from two first states: the bound is 0."""
    game, policy = x["game"], x["policy"]
    premises = _sound(game, x["other_start"]) and distributions(policy) and policy == x["other_policy"]
    values = _values(game, game["transitions"], _joint(policy))
    apart = abs(expect(game["start"], values) - expect(x["other_start"], values))
    return premises and x["other_transitions"] == game["transitions"], -(1 - game["discount"]) * apart


def aorpo_lemma_c_4(x: Instance) -> tuple[bool, Any]:
    """r_max = max r; the model's error is that in all states that are reached by the rollouts."""
    return _rollouts(x, max(_rewards(x)), range(x["branch_length"]))


def aorpo_lemma_c_4__max_r_model_error_under_the_law_of_each_time(x: Instance) -> tuple[bool, Any]:
    """r_max = max |r|; the model's error is that in the states in which rollouts end, or that the first ones pass."""
    return _rollouts(x, _largest(x), [x["branch_length"]])


aorpo_extended_lemma_c_4 = aorpo_lemma_c_4


def _answering(x: Instance) -> tuple[bool, Any, list[Any], list[Any]]:
    """Premises, the distance of what agent 0 plays in a state under π and under π_D, and both joint policies."""
    conditional, before = x["conditional_distribution"], x["data_conditional_distribution"]
    (other,), *same = x["opponent_policy"], x["data_opponent_policy"][0], x["modelled_opponent_policy"][0]
    own, data = (
        [[[p * a for p, a in zip(row, column, strict=True)] for column in zip(*given, strict=True)]
         for row, given in zip(other, answers, strict=True)]
        for answers in (conditional, before)
    )  # fmt: skip
    shift = max(variation(*([sum(row, fmpq(0)) for row in of] for of in pair)) for pair in zip(own, data, strict=True))
    sound = _sound(x["game"], x["learned_transitions"]) and distributions([conditional, before, other])
    return sound and same == [other, other], shift, [_numbers(of) for of in own], [_numbers(of) for of in data]


def _two(x: Instance, scale: Any) -> tuple[bool, Any]:
    """Lemma C.3 for two agents."""
    game, policy, other = x["game"], x["policy"], x["other_policy"]
    real, dynamics, start = game["transitions"], x["other_transitions"], game["start"]
    distances = _all_apart(policy, other)
    error = _error(start, dynamics, _joint(other), real, dynamics)
    bound = _c3(max(_rewards(x)), game["discount"], error, distances)
    one, two = _values(game, real, _joint(policy)), _values(game, dynamics, _joint(other))
    premises = _sound(game, dynamics) and distributions([*policy, *other]) and len(policy) == 2
    return premises, bound - scale * abs(expect(start, one) - expect(start, two))


def _rollouts(x: Instance, size: Any, ends: Any) -> tuple[bool, Any]:
    """Lemma C.4 for two agents; `ends`: after how many steps of a rollout from any branch point its error counts."""
    game, policies = x["game"], [x["policy"], x["pre_policy"], x["post_policy"]]
    (playing, pre, post), policy = map(_joint, policies), policies[0]
    real, start, k = game["transitions"], game["start"], x["branch_length"]
    before, after = (_all_apart(policy, other) for other in policies[1:])
    error_pre = _error(start, x["pre_transitions"], pre, real, x["pre_transitions"])
    chain, d = _chain(x["post_transitions"], post), _distances(post, real, x["post_transitions"])
    met = {s for h in ends for s in _after(chain, _reached(_chain(x["pre_transitions"], pre), start), h)}
    met |= {s for h in range(k) for s in _after(chain, {s for s, p in enumerate(start) if p > 0}, h)}
    bound = _c4(size, game["discount"], k, (error_pre, before), (max((d[s] for s in met), default=fmpq(0)), after))
    found = _branched(game, (x["pre_transitions"], pre), (x["post_transitions"], post), k)
    premises = _sound(game, x["pre_transitions"], x["post_transitions"]) and distributions(policies)
    apart = (1 - game["discount"]) * abs(expect(start, _values(game, real, playing)) - found)
    return premises and len(policy) == 2, bound - apart


def _c3(size: Any, gamma: Any, dynamics: Any, policies: Any) -> Any:
    return 2 * size * (gamma * (dynamics + policies) / (1 - gamma) + policies)


def _c4(size: Any, gamma: Any, k: int, pre: tuple[Any, Any], post: tuple[Any, Any]) -> Any:
    late = gamma ** (k + 1) * (sum(pre) / (1 - gamma) + pre[1])
    return 2 * size * (late + k * sum(post) + post[1])


def _sound(game: Instance, *dynamics: Any) -> bool:
    """Whether all dynamics and the start are laws, and the discount is between 0 and 1."""
    return distributions([game["start"], game["transitions"], *dynamics]) and 0 < game["discount"] < 1


def _rewards(x: Instance) -> list[Any]:
    return _numbers(x["game"]["rewards"])


def _largest(x: Instance) -> Any:
    """max |r|."""
    return max(map(abs, _rewards(x)))


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


def _all_apart(policy: Any, other: Any) -> Any:
    """Σ_i max_s D_TV of all agents' policies."""
    return sum((_apart(*pair) for pair in zip(policy, other, strict=True)), fmpq(0))


def _chain(transitions: Any, played_s: Any) -> list[Any]:
    """P_π(t|s) of a joint policy, by state."""
    return [
        [expect(played, column) for column in zip(*_by_action(rows), strict=True)]
        for played, rows in zip(played_s, transitions, strict=True)
    ]


def _values(game: Instance, transitions: Any, played_s: Any) -> list[Any]:
    """V = Σ_t γ^t r_t from each state, of the common payoff."""
    rewards = [_numbers(of_state) for of_state in game["rewards"]]
    return policy_values(rewards, [_by_action(rows) for rows in transitions], game["discount"], played_s)


def _branched(game: Instance, pre: tuple[Any, Any], post: tuple[Any, Any], k: int) -> Any:
    """Σ_t γ^t r_t, the state at t being min(t, k) steps of `post` after max(t − k, 0) of `pre`, the action `post`'s."""
    chain, gamma = _chain(*post), game["discount"]
    of_s = [expect(played, _numbers(r)) for played, r in zip(post[1], game["rewards"], strict=True)]
    total = fmpq(0)
    for t in range(k):
        total += gamma**t * expect(game["start"], of_s)
        of_s = [expect(row, of_s) for row in chain]
    late = policy_values([[r] for r in of_s], [[row] for row in _chain(*pre)], gamma, [[fmpq(1)]] * len(of_s))
    return total + gamma**k * expect(game["start"], late)


def _error(start: Any, along: Any, played_s: Any, real: Any, learned: Any) -> Any:
    """The largest expected D_TV of the next state in a state that the policy ever reaches along these dynamics."""
    d = _distances(played_s, real, learned)
    return max(d[s] for s in _reached(_chain(along, played_s), start))


def _distances(played_s: Any, real: Any, learned: Any) -> list[Any]:
    """E_{a~π}[D_TV(T(·|s, a), T̂(·|s, a))], by state."""
    pairs = (zip(*map(_by_action, rows), strict=True) for rows in zip(real, learned, strict=True))
    return [expect(played, [variation(*each) for each in pair]) for played, pair in zip(played_s, pairs, strict=True)]


def _reached(chain: Any, start: Any) -> set[int]:
    """The states that a chain may ever be in."""
    reached = {s for s, p in enumerate(start) if p > 0}
    for _ in chain:
        reached |= _after(chain, reached, 1)
    return reached


def _after(chain: Any, states: set[int], steps: int) -> set[int]:
    """The states that a chain may be in so many steps after these."""
    for _ in range(steps):
        states = {t for s in states for t, p in enumerate(chain[s]) if p > 0}
    return states
