"""The ledger's bounds on returns against `mathrl.bounds`, which computes the same by other means."""

import numpy as np
import pytest

from mathrl.bounds import Setup, compare_returns
from mathrl.games import random_stochastic
from mathrl.proofs_checks.aorpo import lemmas, return_bounds, rollout_bounds, rollout_lemmas

ROWS = {
    "theorem-1": return_bounds.THEOREM_1,
    "theorem-2": rollout_bounds.THEOREM_2,
    "theorem-3": return_bounds.THEOREM_3,
    "theorem-4": return_bounds.THEOREM_4,
    "theorem-5": rollout_bounds.THEOREM_5,
    "extended-theorem-a.1": return_bounds.THEOREM_A1,
}
CLOSE = {"rel": 1e-9, "abs": 1e-9}  # both solve linear systems of three states


@pytest.fixture(params=range(8))
def case(request):
    """A game of three agents, a model of it, policies, and a branch length; its chains mix within some dozen steps."""
    rng = np.random.default_rng(request.param)
    structure = ("common-payoff", "general-sum")[request.param % 2]
    game = random_stochastic(3, (2, 2, 3), discount=0.75, structure=structure, seed=rng, sparse=False)
    rows = lambda shape: rng.dirichlet(np.ones(shape[-1]), shape[:-1])  # noqa: E731
    policies = [tuple(rows((3, n)) for n in game.num_actions) for _ in range(3)]
    agent, model = request.param % 3, rows(game.transitions.shape)
    return game, model, *policies, agent, request.param % 4


def test_the_bounds_are_those_of_the_library(case):
    game, model, policy, data, guess, agent, k = case
    others = (*guess[:agent], *guess[agent + 1 :])
    setup = Setup.of(game, policy=policy, model=model, data_policy=data, opponent_models=others, agent=agent)
    found = {row.claim: row for row in compare_returns(setup, branch_lengths=[k])}
    for name, bound in ROWS.items():
        row = found[name]
        for reward, expected in (("size", row.corrected), ("largest", row.printed)):
            models = None if bound.compared == "learned" else others
            slack = return_bounds.bounded(
                bound, game, model, policy, data, models, agent, k, returns="normalised", reward=reward
            )
            assert slack.right[0] == pytest.approx(expected, **CLOSE)
            assert slack.left[0] == pytest.approx(row.discrepancy, **CLOSE)
    known = {"game": game, "policy": policy, "agent": agent, "reward": "size"}
    executed = setup.modelled_policy
    of_two = known | {"other_transitions": model, "other_policy": executed}
    rollouts = known | {
        "pre_transitions": game.transitions,
        "post_transitions": model,
        "pre_policy": data,
        "post_policy": executed,
        "branch_length": k,
    }
    for name, slack in (
        ("lemma-c.3", lemmas.normalised_returns_apart(**of_two)),
        ("extended-lemma-c.3", lemmas.returns_apart_of_many(**of_two)),
        ("lemma-c.4", rollout_lemmas.branched_returns_apart(**rollouts)),
        ("extended-lemma-c.4", rollout_lemmas.branched_returns_apart_of_many(**rollouts)),
    ):
        assert slack.right[0] == pytest.approx(found[name].corrected, **CLOSE)
        assert slack.left[0] == pytest.approx(found[name].discrepancy, **CLOSE)


def test_the_sum_from_the_first_step_is_what_section_3_defines(case):
    game, model, policy, data, _, agent, _ = case
    normalised, sums = (
        return_bounds.bounded(
            return_bounds.THEOREM_3, game, model, policy, data, None, agent, returns=returns, reward="size"
        )
        for returns in ("normalised", "sums")
    )
    assert sums.left[0] == pytest.approx(normalised.left[0] * 0.75 / 0.25)
