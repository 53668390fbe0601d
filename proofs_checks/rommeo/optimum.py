"""The optimum of a cooperative game, and what it means that each agent plays its part of one   (rommeo Section 2.2)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.proofs_checks.families import instances, policies, stochastic_games
from mathrl.proofs_checks.joint_control import controlled
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import return_of, soft_q, soft_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal, premise

_MOST = 50
"""Rounds of policy iteration; in games this small a handful is needed."""


@instances
def teams(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game with a common payoff, and a product policy of it."""
    game = draw(stochastic_games(min_agents=2, max_actions=2))
    return {"game": game, "policy": draw(policies(game, zeros=True))}


@claim(
    "rommeo.definition-1",
    at="Section 2.2, l. 166-200",
    verdict=None,
    role="defines",
    on=teams,
    breaks={"looks": "one step ahead"},
)
def optimum_exists(game: Any, policy: Sequence[Any], *, looks: str = "to the end") -> Slack:
    """In a cooperative game an optimum is a profile of policies that gives each agent at least the discounted return of
    any other profile; the agents' parts of it are their optimal policies.

    Reading: Profiles are product policies of the state; the game has one payoff for all agents. The return is that of
    Eq. 1, from t = 1 on.

    Finding: An optimum exists in every such game, and there is one whose policies are deterministic. It need not be the
    only one, so that "the" optimal policy of an agent is not determined. Where payoffs differ there need be none; the
    paper assumes one (l. 141-143), and its climbing game has one, although it prints (5, 3) for (C, C).
    """
    alone = controlled(game)
    rewards = alone.rewards
    profiles, q = [], rewards
    for _ in range(_MOST):
        profiles.append(namespace(q).argmax(q, axis=-1))
        if len(profiles) > 1 and (profiles[-1] == profiles[-2]).all():
            break
        q = soft_q(alone, _certain(profiles[-1], rewards), temperature=0)
    greedy, best = (soft_v(alone, _certain(profile, rewards), temperature=0) for profile in (profiles[0], profiles[-1]))
    given = soft_v(game, policy, temperature=0)
    least, most = (greedy, best) if looks == "to the end" else (best, greedy)
    return all_of(*(at_most(*(game.discount * return_of(game, v) for v in (value, most))) for value in (given, least)))


def _certain(profile: Any, rewards: Any) -> tuple[Any]:
    """The joint policy that plays one joint action in each state, (S, A)."""
    return ((np.arange(rewards.shape[1]) == profile[:, None]) * 1.0,)


@instances
def conventions(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game of one state, and two joint actions that are best in it, the same one or not."""
    game = draw(stochastic_games(min_agents=2, max_states=1))
    best = np.argwhere(game.rewards[0] == game.rewards[0].max()).tolist()
    return {
        "game": game,
        "first_optimum": tuple(draw(st.sampled_from(best))),
        "second_optimum": tuple(draw(st.sampled_from(best))),
    }


@claim(
    "rommeo.definition-1",
    variant="parts of optima",
    at="Section 2.2, l. 200 and 232-237",
    verdict="corrected",
    severity="gap",
    on=conventions,
    survives={"parts": "of one optimum"},
)
def parts_make_an_optimum(
    game: Any, first_optimum: Sequence[int], second_optimum: Sequence[int], *, parts: str = "of any optimum"
) -> Slack:
    """In a cooperative game, if every agent plays an optimal policy of its own, then the agents receive the maximum.

    Reading: An agent's optimal policy is its part of an optimum, of any that there is.

    Finding: With two optima, agents that play their parts of different ones may receive less than the maximum.

    Correction: The game has one optimum, as Theorem 3 assumes and as the climbing game has; or all agents play their
    parts of the same one.

    Practice: P(o^i = 1 | o^-i = 1) is well defined only once it is fixed which optimum is meant. Agents that learn
    apart have to agree on one.
    """
    largest = game.rewards[0].max()
    premise(game.num_states == 1 and game.rewards[(0, *first_optimum)] == largest)
    premise(game.rewards[(0, *second_optimum)] == largest)
    others = second_optimum if parts == "of any optimum" else first_optimum
    received = game.rewards[(0, first_optimum[0], *others[1:])]
    return equal(*(game.discount / (1 - game.discount) * pay for pay in (received, largest)))
