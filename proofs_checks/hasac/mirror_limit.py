"""What mirror learning with entropy attains and where it ends   (hasac Theorem 3, Section 4.3, Appendix G)."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import quantal_response
from mathrl.proofs_checks.families import instances, policies, stochastic_games
from mathrl.proofs_checks.hasac.iteration import limit
from mathrl.proofs_checks.hasac.mirror import mirror_round, neighbourhoods
from mathrl.proofs_checks.hasac.returns import return_over
from mathrl.proofs_checks.ledger import claim, compound
from mathrl.proofs_checks.policy_value import return_of, soft_q, soft_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal, premise
from mathrl.proofs_checks.strategies import temperatures
from mathrl.softmax import kl_divergence

THEOREM = "Section 4.3, l. 199; G, l. 892-980"

ARGUMENT = "mathrl.proofs_checks.own.mirror_learning.rounds_gain"

ROUNDS = 40
"""After how many rounds the example is taken to be at its limit: each halves the distance, to 1e-13 at last."""


@claim(
    "hasac.theorem-3",
    variant="part (1)",
    at="Section 4.3, l. 199; G, l. 894-896",
    verdict="corrected",
    severity="gap",
    on=neighbourhoods,
    proof="false step at G, l. 884",
    survives={"members": "mixed", "objective": "discounted"},
    rests_on=("hasac.lemma-g.1", "hasac.lemma-g.2"),
    argument=ARGUMENT,
)
def mirror_learning_improves(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    order: Sequence[int],
    weight: Any,
    temperature: Any,
    radius: Any,
    sampling_distribution: Any,
    horizon: int,
    *,
    members: str = "further",
    objective: str = "horizon",
) -> Slack:
    """In every round of Algorithm 1, whatever the drifts, neighbourhoods and β, J does not fall.

    Reading: J of Eq. 2 over T steps, for all T; neighbourhoods of Definition 5, which contain a ball and whatever else;
    any β. In the example states are never left, so that the discounted J falls too.

    Finding: A neighbourhood may have a member that is better on average over β and worse where the game starts: see
    Lemma G.2. And with no constraint at all J of Eq. 2 may fall, as in Lemma 4.2.

    Correction: J = E_{s~d}[V]; neighbourhoods that contain, with a policy, those that agree with the old one in some
    states; β > 0. Then V falls in no state.

    Practice: Monotone improvement is a matter of the constraint's shape. A trust region over all states together is one
    of the good ones only if going back to the old policy in a state stays inside.
    """
    new, _ = mirror_round(
        game, policy, order, weight, temperature, radius, other_policy, sampling_distribution, members
    )
    if objective == "horizon":
        return at_most(*(return_over(game, each, temperature=temperature, horizon=horizon) for each in (policy, new)))
    values = [soft_v(game, each, temperature=temperature) for each in (policy, new)]
    return all_of(at_most(*values), at_most(*(return_of(game, v) for v in values)))


@instances
def mirror_runs(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game with two actions each, a first policy, and balls whose radius shrinks towards a centre, or has a least."""
    game = draw(stochastic_games(max_actions=2))
    return {
        "game": game,
        "policy": draw(policies(game)),
        "order": tuple(draw(st.permutations(range(game.num_agents)))),
        "weight": draw(st.sampled_from([0.0, 0.25, 1.0])),
        "temperature": draw(temperatures(0.2, 10.0)),
        "radius": 1 / draw(st.integers(2, 100)),
        "centre": draw(st.integers(1, 9)) / 10,
        "horizon": draw(st.integers(1, 4)),
    }


def _ended(
    game: Any, policy: Sequence[Any], order: Sequence[int], weight: Any, temperature: Any, radius: Any, centre: Any
) -> Any:
    """The policy near which Algorithm 1 comes with balls of half the distance to the centre, or `radius` at it."""
    xp = namespace(policy[0])
    for _ in range(ROUNDS):
        nearest = xp.min(xp.stack([xp.abs(own[:, 1] - centre) for own in policy]), axis=0)
        radii = xp.where(nearest > 0, nearest / 2, radius)
        policy = mirror_round(game, policy, order, weight, temperature, radii)[0]
    return policy


def _end_and_equilibrium(
    game: Any, policy: Sequence[Any], order: Sequence[int], weight: Any, temperature: Any, radius: Any, centre: Any
) -> tuple[Any, Any]:
    """`_ended`, and the equilibrium, of one agent, who has one only."""
    premise(len(policy) == 1)
    return _ended(game, policy, order, weight, temperature, radius, centre), limit(game, policy, order, temperature)


def gains(
    game: Any,
    policy: Sequence[Any],
    order: Sequence[int],
    weight: Any,
    temperature: Any,
    radius: Any,
    *,
    steps: int,
    of: str = "values",
    share: float = 1.0,
) -> Slack:
    """What the first agent of each round could gain by one step towards its quantal response is at most what V rises.

    With h = the largest step inside the ball, or a part of it, and σ the quantal response, the step gains at least
    h α KL(π‖σ) − h² weight χ²(σ‖π). The rounds have the order given and the other way about, in turn. It is a statement
    on V in every state, on J = E_{s~d}[V] for `of="returns"`, or, for `of="rounds"`, on the least of the rounds' gains,
    so many times as there are rounds: there are only so many rounds of which each could gain much.
    """
    xp, first = namespace(policy[0]), soft_v(game, policy, temperature=temperature)
    found = []
    for step in range(steps):
        turns = order if step % 2 == 0 else order[::-1]
        old, q = policy[turns[0]], soft_q(game, policy, temperature=temperature)
        response = quantal_response(q, policy, turns[0], temperature=temperature)
        lost = temperature * kl_divergence(old, response)
        away = xp.max(xp.abs(response - old), axis=-1)
        longest = radius / xp.maximum(away, 0 * away + radius)
        chi = xp.sum((response - old) ** 2 / old, axis=-1)
        tried = [h * lost - h**2 * weight * chi for h in (longest, longest / 4, longest / 16)]
        found.append(xp.maximum(xp.max(xp.stack(tried), axis=0), 0 * lost))
        policy = mirror_round(game, policy, turns, weight, temperature, radius)[0]
    rise, gain = soft_v(game, policy, temperature=temperature) - first, xp.stack(found)
    if of == "returns":
        return at_most(share * return_of(game, xp.sum(gain, axis=0)), return_of(game, rise))
    return at_most(share * (xp.sum(gain, axis=0) if of == "values" else steps * xp.min(gain, axis=0)), rise)


@claim(
    "hasac.theorem-3",
    variant="part (2)",
    at=THEOREM,
    verdict="corrected",
    severity="gap",
    on=mirror_runs,
    proof="false step at G, Step 2",
    survives={"radii": "of a least size"},
    rests_on=("hasac.lemma-g.1", "hasac.lemma-g.2", "hasac.lemma-a.2", "hasac.theorem-1"),
    argument=ARGUMENT,
)
def values_converge_to_those_of_equilibria(
    game: Any,
    policy: Sequence[Any],
    order: Sequence[int],
    weight: Any,
    temperature: Any,
    radius: Any,
    centre: Any,
    horizon: int,
    *,
    radii: str = "any",
) -> Slack:
    """The values V of the policies of Algorithm 1 converge to the value of a QRE.

    Reading: Any neighbourhoods of Definition 5, whose ball may have another radius around every policy; a QRE is what
    satisfies Eq. 3, the kinder reading. The example is one agent in one state, whose QRE is unique.

    Finding: The values rise and converge, but where the balls shrink the policies may stop short of every equilibrium:
    at a policy around which the ball is large again, which they never reach. Step 2 of the proof takes the update for
    a continuous function by Berge's theorem; this needs neighbourhoods that are continuous in the policy, and one
    maximiser, which a drift that is not convex need not leave. Step 1 already rests on Lemma G.2, as part (1) does; but
    with balls and β > 0, as in the example, Step 1 stands, and Step 2 is the first that fails.

    Correction: All balls have at least some radius δ > 0 (with what Lemma G.2 needs, drifts that grow at most like a
    square, and orders in which each agent is first again and again). See `mathrl.theorem-mirror-learning`.

    Practice: A trust region that is tightened from round to round may stop the training anywhere.
    """
    if radii == "of a least size":
        return gains(game, policy, order, weight, temperature, radius, steps=3)
    ends = _end_and_equilibrium(game, policy, order, weight, temperature, radius, centre)
    return equal(*(soft_v(game, each, temperature=temperature) for each in ends))


@claim(
    "hasac.theorem-3",
    variant="part (3)",
    at=THEOREM,
    verdict="corrected",
    severity="gap",
    on=mirror_runs,
    proof="false step at G, Step 2",
    survives={"radii": "of a least size"},
    rests_on=("hasac.lemma-g.1", "hasac.lemma-g.2", "hasac.lemma-a.2", "hasac.theorem-1"),
    argument=ARGUMENT,
)
def returns_converge_to_those_of_equilibria(
    game: Any,
    policy: Sequence[Any],
    order: Sequence[int],
    weight: Any,
    temperature: Any,
    radius: Any,
    centre: Any,
    horizon: int,
    *,
    radii: str = "any",
) -> Slack:
    """The returns J of the policies of Algorithm 1 converge to the return of a QRE.

    Reading: J of Eq. 2 over T steps; else as part (2). In the example there is one state, so that a discount would only
    multiply J.

    Finding: As part (2).

    Correction: That of part (2), with J = E_{s~d}[V]. Of J of Eq. 2 nothing is shown where the policies have several
    limit points, as these have one V and may have several J.
    """
    if radii == "of a least size":
        return gains(game, policy, order, weight, temperature, radius, steps=3, of="returns")
    ends = _end_and_equilibrium(game, policy, order, weight, temperature, radius, centre)
    return equal(*(return_over(game, each, temperature=temperature, horizon=horizon) for each in ends))


@claim(
    "hasac.theorem-3",
    variant="part (4)",
    at=THEOREM,
    verdict="corrected",
    severity="gap",
    on=mirror_runs,
    proof="false step at G, Step 2",
    survives={"radii": "of a least size"},
    rests_on=("hasac.lemma-g.1", "hasac.lemma-g.2", "hasac.lemma-a.2", "hasac.theorem-1"),
    argument=ARGUMENT,
)
def limit_points_are_equilibria(
    game: Any,
    policy: Sequence[Any],
    order: Sequence[int],
    weight: Any,
    temperature: Any,
    radius: Any,
    centre: Any,
    horizon: int,
    *,
    radii: str = "any",
) -> Slack:
    """All limit points of the policies of Algorithm 1 are QREs.

    Reading: As part (2); a policy is a QRE if it satisfies Eq. 3 in every state.

    Finding: As part (2): in the example the one limit point plays the better action with 3/5, the softmax plays it with
    0.73.

    Correction: That of part (2), and then with probability 1, as the orders are drawn at random.

    Practice: The guarantee that MEHAML gives to "any induced method" has conditions on the method.
    """
    if radii == "of a least size":
        return gains(game, policy, order, weight, temperature, radius, steps=3, of="rounds")
    last = _ended(game, policy, order, weight, temperature, radius, centre)
    q = soft_q(game, last, temperature=temperature)
    responses = [quantal_response(q, last, agent, temperature=temperature) for agent in range(len(last))]
    return all_of(*(equal(own, response) for own, response in zip(last, responses, strict=True)))


compound(
    "hasac.theorem-3",
    at=THEOREM,
    parts=("part (1)", "part (2)", "part (3)", "part (4)"),
    proof="false step at G, l. 884",
    rests_on=("hasac.lemma-g.1", "hasac.lemma-g.2", "hasac.lemma-a.2", "hasac.theorem-1"),
    text="""Whatever the drifts, neighbourhoods and sampling distributions of Definitions 4 and 5, the policies of
    Algorithm 1 have (1) objectives that never fall, (2) values and (3) returns that converge to those of a quantal
    response equilibrium, and (4) no limit points but such equilibria.

    Finding: Each part fails for some neighbourhoods that Definition 5 allows. The proof of part (1) is Lemma G.2, whose
    step at l. 884 is the first that is false. Where that lemma holds, part (1) does for J = E_{s~d}[V], but the other
    parts may still fail, as Step 2 does.
    """,
)
