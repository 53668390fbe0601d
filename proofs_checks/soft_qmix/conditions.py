"""The individual-global conditions: what decides whether they can be met   (soft-qmix Section 3.2, Appendix B)."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import additive_mix, igi_gap, igm_set_gap, igo_gap, local_policy
from mathrl.operators.axes import along, flat
from mathrl.proofs_checks.families import instances, numbers, policies, rows, stochastic_games
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, all_of, equal
from mathrl.proofs_checks.strategies import temperatures
from mathrl.softmax import boltzmann


@instances
def joint_tables(draw: st.DrawFn) -> Mapping[str, Any]:
    """A table q of joint actions."""
    game = draw(stochastic_games(min_agents=2, max_states=2))
    return {"q": draw(numbers((game.num_states, *game.num_actions)))}


@claim(
    "soft-qmix.definition-3.1",
    at="Section 3.2, l. 62-66",
    verdict=None,
    role="defines",
    on=joint_tables,
    breaks={"met_by": "some individual values always"},
)
def maximisers_agree(q: Any, *, met_by: str = "some individual values where the set is a product") -> Slack:
    """Individual values Q_i satisfy IGM for Q_tot if the joint actions that maximise Q_tot are those of which each part
    maximises its Q_i.

    Reading: Argmax is the set of all maximisers, and Eq. 1 an equality of sets. The condition is asked in each state.

    Finding: It is well defined. Some Q_i meet it exactly where the set of maximisers is a product of sets of own
    actions, as it is where there is one maximiser; then Q_i(a_i) = max Q_tot(a_i, ·) do. Two agents that are paid for
    doing the same have two maximisers, and no Q_i.

    Practice: Where two joint actions are equally good, IGM asks for more than that each agent's best action belongs to
    a best joint action.
    """
    agents = range(1, q.ndim)
    individual = [q.max(axis=tuple(axis for axis in agents if axis != agent)) for agent in agents]
    met = igm_set_gap(q, individual) == 0
    if met_by == "some individual values always":
        return equal(met * 1.0, np.ones_like(met, dtype=float))
    joint = (flat(q) == flat(q).max(axis=-1, keepdims=True)).sum(axis=-1)
    own = prod((own == own.max(axis=-1, keepdims=True)).sum(axis=-1) for own in individual)
    return equal(met * 1.0, (joint == own) * 1.0)


@instances
def joint_policies(draw: st.DrawFn) -> Mapping[str, Any]:
    """A product policy, and a joint policy."""
    game = draw(stochastic_games(min_agents=2, max_states=2))
    joint = draw(rows((game.num_states, game.num_joint_actions)))
    return {
        "policy": draw(policies(game, zeros=True)),
        "joint_policy": joint.reshape(game.num_states, *game.num_actions),
    }


@claim(
    "soft-qmix.definition-3.2",
    at="Section 3.2, l. 70-74",
    verdict=None,
    role="defines",
    on=joint_policies,
    breaks={"joint": "any"},
)
def policies_are_independent(policy: Sequence[Any], joint_policy: Any, *, joint: str = "of the policies") -> Slack:
    """Individual policies π_i satisfy IGI for a joint policy if it is their product in each state.

    Reading: π_i as policies that sum to 1. The definition writes π_i(·|o_i); from Section 4.2 on they may depend on the
    state, as they do here.

    Finding: It is well defined, and at most one choice of π_i meets it: the marginals of the joint policy. Most joint
    policies have none.
    """
    return _independent(policy, joint_policy, joint)


@claim(
    "soft-qmix.definition-b.1",
    at="Appendix B, l. 376-380",
    verdict=None,
    role="defines",
    on=joint_policies,
    breaks={"joint": "any"},
)
def policies_are_independent_again(
    policy: Sequence[Any], joint_policy: Any, *, joint: str = "of the policies"
) -> Slack:
    """Individual policies π_i satisfy IGI for a joint policy if it is their product.

    Reading: As for Definition 3.2, which differs in the index t alone; B.1 names the state s_t only in its last words.

    Finding: As for Definition 3.2: the π_i are the marginals, or there are none.
    """
    return _independent(policy, joint_policy, joint)


def _independent(policy: Sequence[Any], joint_policy: Any, joint: str) -> Slack:
    """The marginals of the product are the policies, and their product is the joint policy."""
    xp, agents = namespace(joint_policy), len(policy)
    table = joint_policy
    if joint == "of the policies":
        table = prod(along(pi, agent, agents) for agent, pi in enumerate(policy))
    marginals = _marginals(table)
    parts = [equal(xp.zeros_like(table[..., 0]) + 1, 1 + igi_gap(table, marginals).reshape(-1, *[1] * (agents - 1)))]
    if joint == "of the policies":
        parts += [equal(own, pi) for own, pi in zip(marginals, policy, strict=True)]
    return all_of(*parts)


def _marginals(joint_policy: Any) -> list[Any]:
    """π_i(a_i|s) = Σ π(a|s) over the others' actions, (S, A_i)."""
    axes = range(1, joint_policy.ndim)
    return [namespace(joint_policy).sum(joint_policy, axis=tuple(axis for axis in axes if axis != own)) for own in axes]


@instances
def optima(draw: st.DrawFn) -> Mapping[str, Any]:
    """Functions of each agent's own action, and a table of joint actions of the same shape."""
    game = draw(stochastic_games(min_agents=2, max_states=2))
    return {
        "local_values": tuple(draw(numbers((game.num_states, actions))) for actions in game.num_actions),
        "q": draw(numbers((game.num_states, *game.num_actions))),
        "temperature": draw(temperatures(0.1, 10.0)),
    }


@claim(
    "soft-qmix.definition-b.2",
    at="Appendix B, l. 382-386",
    verdict=None,
    role="defines",
    on=optima,
    breaks={"optimum": "any"},
)
def optima_are_independent(
    local_values: Sequence[Any], q: Any, temperature: Any, *, optimum: str = "of a sum"
) -> Slack:
    """Individual policies satisfy IGO if their product is the optimal joint policy.

    Reading: The optimal joint policy is the best of all joint policies for Eq. 3, exp(Q*/α)/Z. "Individual optimal
    policies" are not defined in another way. Any table is the Q* of some game.

    Finding: It is well defined, as this optimum is one policy. Individual policies exist exactly where Q* is a sum of
    functions of one agent's action each, as the logarithm of a product is; then they are the soft-max of these. If the
    optimum is taken among product policies, as the text after it does, the condition always holds and says nothing.

    Practice: IGI of all policies in use does not make the best of them as good as the best joint policy.
    """
    if optimum == "any":
        joint = boltzmann(flat(q), temperature).reshape(q.shape)
        gap = igo_gap(q, _marginals(joint), temperature=temperature)
        return equal(1 + gap, 1 + 0 * gap)
    policy = local_policy(local_values, temperature=temperature)
    product = prod(along(pi, agent, len(policy)) for agent, pi in enumerate(policy))
    return equal(flat(product), boltzmann(flat(additive_mix(local_values)), temperature))
