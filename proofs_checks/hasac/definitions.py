"""What HASAC's claims rest on, checked for being well defined   (hasac Sections 4.2, 4.3, Appendix A)."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import expectation, kl_drift, largest_ratio, mirror_value, soft_advantage, squared_drift, subset_q
from mathrl.operators.axes import own_and_others
from mathrl.proofs_checks.families import instances, numbers, policies, rows, stochastic_games
from mathrl.proofs_checks.joint_control import outer
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import soft_q, soft_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal
from mathrl.proofs_checks.strategies import temperatures
from mathrl.softmax import entropy, total_variation


@instances
def situations(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, a policy, and an order of some of the agents."""
    game = draw(stochastic_games())
    chosen = draw(st.permutations(range(game.num_agents)))
    return {
        "game": game,
        "policy": draw(policies(game, zeros=True)),
        "order": tuple(chosen[: draw(st.integers(1, len(chosen)))]),
        "temperature": draw(temperatures(0.1, 10.0)),
    }


@claim(
    "hasac.definition-1",
    at="Section 4.2.1, l. 119-123",
    role="defines",
    verdict=None,
    on=situations,
    breaks={"entropies": "none"},
)
def subsets_have_values(
    game: Any, policy: Sequence[Any], order: Sequence[int], temperature: Any, *, entropies: str = "team"
) -> Slack:
    """The soft Q of an ordered subset of agents: the mean of Q over the others, plus α times the others' entropies.

    Reading: Well defined: of all agents it is Q, of none V; and what is left out may be taken in any order, the mean of
    the subset's Q over its last agent, with its entropy, being the Q of the subset without it.
    """
    q = soft_q(game, policy, temperature=temperature)
    everyone = tuple(range(len(policy)))
    whole = subset_q(q, policy, everyone, temperature=temperature, entropy=entropies)
    nobody = subset_q(q, policy, (), temperature=temperature, entropy=entropies)
    both, less = (subset_q(q, policy, some, temperature=temperature, entropy=entropies) for some in (order, order[:-1]))
    last = policy[order[-1]]
    mean = expectation(both, (*(policy[i] for i in order[:-1]), last), keep=tuple(range(len(order) - 1)))
    mean = mean + (temperature * entropy(last)).reshape(-1, *[1] * (len(order) - 1))
    return all_of(equal(whole, q), equal(nobody, soft_v(game, policy, temperature=temperature)), equal(mean, less))


@claim(
    "hasac.definition-2",
    at="Section 4.3, l. 165-169",
    role="defines",
    verdict=None,
    on=situations,
    breaks={"own_entropy": False},
    rests_on=("hasac.definition-1", "hasac.definition-4"),
)
def operators_extend_the_value(
    game: Any, policy: Sequence[Any], order: Sequence[int], temperature: Any, *, own_entropy: bool = True
) -> Slack:
    """The mirror operator: the mean of Q^{j,i} − α log π̂^i over the new policies of agent i and of those before it,
    less the drift.

    Reading: Well defined for every set of agents before, whose order does not matter, and every policy that plays what
    it plays: α log π̂ is weighted by π̂. With nothing changed it is V less α times the entropies of the agents before,
    which no choice of agent i moves.
    """
    q, agent, before = soft_q(game, policy, temperature=temperature), order[-1], order[:-1]
    held, none = [policy[i] for i in before], namespace(q).zeros_like(policy[0][:, 0])
    value = mirror_value(q, policy, agent, before, held, policy[agent], none, temperature=temperature)
    if not own_entropy:
        value = value - temperature * entropy(policy[agent])
    left_out = sum((temperature * entropy(own) for own in held), none)
    return equal(value, soft_v(game, policy, temperature=temperature) - left_out)


@instances
def pairs(draw: st.DrawFn) -> Mapping[str, Any]:
    """Two product policies of several agents in a few states."""
    states = draw(st.integers(1, 2))
    sizes = [(states, draw(st.integers(2, 3))) for _ in range(draw(st.integers(2, 3)))]
    policy, other = (tuple(draw(rows(size, zeros=True)) for size in sizes) for _ in range(2))
    return {"policy": policy, "other_policy": other}


@claim(
    "hasac.definition-3",
    at="Appendix A.2, l. 393-397",
    role="defines",
    verdict=None,
    on=pairs,
    breaks={"mixed": True},
)
def factors_are_marginals(policy: Sequence[Any], other_policy: Sequence[Any], *, mixed: bool = False) -> Slack:
    """IGO: the optimal joint policy is a product of individual policies.

    Reading: The factors, where there are any, are the marginals, hence unique: what is "individually optimal", which
    the paper does not say, does not enter. The breaking form has an even mixture of two products, which mostly is
    none.
    """
    joint = outer(policy)
    if mixed:
        joint = (joint + outer(other_policy)) / 2
    xp = namespace(joint)
    table = xp.reshape(joint, (len(joint), *(own.shape[1] for own in policy)))
    marginals = [xp.sum(own_and_others(table, agent), axis=-1) for agent in range(len(policy))]
    parts = [equal(joint, outer(marginals))]
    if not mixed:
        parts += [equal(own, found) for own, found in zip(policy, marginals, strict=True)]
    return all_of(*parts)


@instances
def moves(draw: st.DrawFn) -> Mapping[str, Any]:
    """An old policy that plays everything, a new one, and a weight."""
    shape = (draw(st.integers(1, 2)), draw(st.integers(2, 3)))
    return {
        "policy": (draw(rows(shape)),),
        "other_policy": (draw(rows(shape, zeros=True)),),
        "weight": draw(st.sampled_from([0.25, 1.0, 2.0])),
    }


@claim(
    "hasac.definition-4",
    at="Appendix A.3, l. 409-418",
    role="defines",
    verdict=None,
    on=moves,
    breaks={"drift": "variation"},
)
def drifts_are_flat(policy: Sequence[Any], other_policy: Sequence[Any], weight: Any, *, drift: str = "smooth") -> Slack:
    """A drift is a function of an agent's new policy in a state that is ≥ 0, and 0 with derivative 0 at the old policy.

    Reading: It is met, for old policies that play every action, by the KL divergence, which §4.3 names, and by squared
    differences: on the way π + h (p − π) they are at most h² χ²(p‖π) and h² ‖p − π‖²/2, times the weight. Total
    variation, in the breaking form, is not flat.

    Finding: Where π plays an action with 0 the KL divergence is infinite for policies that play it, so that it is no
    map into the reals unless Assumption 1 holds. Nothing says that a drift is continuous in π, which Step 2 of the
    proof of Theorem 3 uses.
    """
    (old,), (new,) = policy, other_policy
    xp, parts = namespace(old), []
    chi, square = xp.sum((new - old) ** 2 / old, axis=-1), xp.sum((new - old) ** 2, axis=-1) / 2
    for share in (0, 0.5, 0.125, 2.0**-7):
        moved = (1 - share) * old + share * new
        found = [kl_drift(moved, old, weight=weight), squared_drift(moved, old, weight=weight)]
        if drift == "variation":
            found = [weight * total_variation(moved, old)] * 2
        for each, size in zip(found, (chi, square), strict=True):
            parts += [at_most(0, each), at_most(each, weight * share**2 * size)]
    return all_of(*parts)


@instances
def ratios(draw: st.DrawFn) -> Mapping[str, Any]:
    """A policy that plays everything, and the largest ratio that its neighbours may have."""
    policy = (draw(rows((draw(st.integers(1, 3)), draw(st.integers(2, 3))))),)
    return {"policy": policy, "ratio": 1 + 1 / draw(st.integers(1, 10))}


@claim(
    "hasac.definition-5",
    at="Appendix A.3, l. 420",
    role="defines",
    verdict=None,
    on=ratios,
    breaks={"shrunk": False},
)
def neighbourhoods_hold_balls(policy: Sequence[Any], ratio: Any, *, shrunk: bool = True) -> Slack:
    """A neighbourhood operator gives every policy a set that contains a closed ball around it.

    Reading: Met by all policies, and by those with max(p/π, π/p) ≤ c: they hold the ball of radius (1 − 1/c) min π in
    the largest difference of probabilities. (The breaking form has (c − 1) min π, which is too large.)

    Finding: The definition leaves three things open that the proofs of Lemma G.2 and Theorem 3 use: that the set is a
    ball, or closed under going back to the old policy in some states; that the radius does not shrink to 0 along the
    iteration; and that the set varies continuously with the policy. "State-wise monotonically non-decreasing" is not
    explained: here, that a metric does not fall if the distance in one state grows.
    """
    xp, own = namespace(policy[0]), policy[0]
    least = xp.min(own)
    radius = (1 - 1 / ratio) * least if shrunk else (ratio - 1) * least
    steps = xp.eye(own.shape[1]) - xp.roll(xp.eye(own.shape[1]), 1, axis=1)
    return all_of(*(at_most(largest_ratio(own - radius * steps[a], own), ratio) for a in range(own.shape[1])))


@claim(
    "hasac.definition-6",
    at="Appendix A.3, l. 422-424",
    role="defines",
    verdict=None,
    on=situations,
    breaks={"mean": "zero"},
    rests_on=("hasac.definition-1",),
)
def advantages_have_means(
    game: Any, policy: Sequence[Any], order: Sequence[int], temperature: Any, *, mean: str = "entropy"
) -> Slack:
    """The soft advantage of an agent, given the actions of others: Q with it less Q without it.

    Reading: Well defined, for disjoint subsets. What is left of the equation has no name for the others, j_{1:k}.

    Finding: Its mean under the agent's own policy is −α H(π^i), not 0 as that of an advantage usually is: Q without the
    agent counts its entropy, Q with it does not.
    """
    q, agent, given = soft_q(game, policy, temperature=temperature), order[-1], order[:-1]
    found = soft_advantage(q, policy, agent, given, temperature=temperature)
    own = policy[agent].reshape(-1, *[1] * len(given), policy[agent].shape[1])
    average = namespace(q).sum(own * found, axis=-1)
    wanted = -temperature * entropy(policy[agent]).reshape(-1, *[1] * len(given))
    return equal(average, wanted if mean == "entropy" else 0 * wanted)


@instances
def maps(draw: st.DrawFn) -> Mapping[str, Any]:
    """Three maps on a finite set."""
    shape = (draw(st.integers(1, 4)),)
    return {name: draw(numbers(shape)) for name in ("one", "other", "third")}


@claim(
    "hasac.definition-7",
    at="Appendix A.3, l. 426",
    role="defines",
    verdict=None,
    on=maps,
    breaks={"combined": "largest"},
)
def distances_are_a_metric(one: Any, other: Any, third: Any, *, combined: str = "sum") -> Slack:
    """The distance of two maps on a finite set is their largest difference.

    Reading: A metric: symmetric, 0 for equal maps alone, and with the triangle inequality.
    """
    xp = namespace(one)

    def apart(x: Any, y: Any) -> Any:
        return xp.max(xp.abs(x - y))

    legs = (apart(one, third), apart(third, other))
    way = legs[0] + legs[1] if combined == "sum" else xp.maximum(*legs)
    return all_of(
        at_most(apart(one, other), way), equal(apart(one, other), apart(other, one)), equal(apart(one, one), 0)
    )


@instances
def above_a_floor(draw: st.DrawFn) -> Mapping[str, Any]:
    """Two product policies that play every action with at least a floor, and a share."""
    floor = 1 / draw(st.integers(4, 100))
    sizes = [(1, draw(st.integers(2, 3))) for _ in range(draw(st.integers(1, 3)))]
    policy, other = (
        tuple((1 - size[1] * floor) * draw(rows(size, zeros=True)) + floor for size in sizes) for _ in range(2)
    )
    return {"policy": policy, "other_policy": other, "share": draw(st.integers(0, 8)) / 8, "floor": floor}


@claim(
    "hasac.assumption-1",
    at="Appendix A.3, l. 403-405",
    role="defines",
    verdict=None,
    on=above_a_floor,
    breaks={"joint": True},
)
def soft_policies_are_convex(
    policy: Sequence[Any], other_policy: Sequence[Any], share: Any, floor: Any, *, joint: bool = False
) -> Slack:
    """For some small η > 0 all agents' policies play every action with at least η.

    Reading: Consistent where η ≤ 1/|A^i| for all i, which the uniform policies then meet; the set is convex and closed,
    as the search looks for. The joint policy has only the product of the floors (the breaking form).

    Finding: It is stated after Theorem 1 and Lemma 4.1, for "all proofs", and changes Π: minimisers of Eq. 8 and
    policies of Eq. 3 need not be η-soft; see Theorem 1, "under Assumption 1". Lemma A.2 uses it for the continuity of
    log π, and does not need it.
    """
    mixed = [(1 - share) * own + share * new for own, new in zip(policy, other_policy, strict=True)]
    if joint:
        return at_most(floor, outer(mixed))
    uniform = [0 * own + 1 / own.shape[1] for own in policy]
    return all_of(*(at_most(floor, own) for own in (*mixed, *uniform)))
