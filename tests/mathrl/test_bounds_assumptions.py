"""What aorpo's claims assume: without each assumption a small game breaks them; and what they need not assume.

Most games are forks: from state 0 the joint action leads to state 1, which pays 1 for ever, or to 2, which pays −1.
A discrepancy of 1.8 is then that of being wrong about the fork: (1 − γ) Σ_{t≥1} γ^t · 2 at discount 0.9.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.bounds import (
    CLAIMS,
    DISTANCE_CLAIMS,
    Process,
    Setup,
    branched_return,
    compare_returns,
    dynamics_distance,
    expected_return,
    joint_distances,
    lemmas,
    measure,
    sharper,
    state_distances,
)
from mathrl.bounds.over_time import largest_over_time
from mathrl.games import Game, uniform_policy
from mathrl.proofs_checks.strategies import _near, setups, simplex_rows
from mathrl.softmax import total_variation
from tests.examples import costly

DISCOUNT = 0.9
NONE = {"none": 0.0, **dict.fromkeys(("policy_shift", "opponents_shift", "opponents_error", "state_distance"), 0.0)}
NONE |= {"dynamics_error": 0.0, "opponent_shifts": (0.0,), "opponent_errors": (0.0,)}
OF_STATES = tuple(claim for claim in DISTANCE_CLAIMS if not claim.actions)

every_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
every_distance_claim = pytest.mark.parametrize("claim", DISTANCE_CLAIMS, ids=lambda claim: claim.name)
claims_on_states = pytest.mark.parametrize("claim", OF_STATES, ids=lambda claim: claim.name)


def claims_with(*names):
    """The claims into which one of these errors enters."""
    chosen = [claim for claim in CLAIMS if set(names) & set(claim.arguments.values())]
    return pytest.mark.parametrize("claim", chosen, ids=lambda claim: claim.name)


def claims_named(*parts):
    chosen = [claim for claim in CLAIMS if any(part in claim.name for part in parts)]
    return pytest.mark.parametrize("claim", chosen, ids=lambda claim: claim.name)


def bound(claim, branch_length=1, reward_bound=1.0, **errors):
    """The printed bound of these errors, all others 0."""
    known = {"reward_bound": reward_bound, "discount": DISCOUNT}
    if claim.branched:
        known["branch_length"] = branch_length
    found = NONE | errors
    return claim.printed(**known, **{argument: found[name] for argument, name in claim.arguments.items()})


def distance_bound(claim, step=1, *, policy_distance=0.0, **errors):
    """The printed bound of these errors at a step, all others 0."""
    found = NONE | {"step": step} | errors
    numbers = {argument: found[name] for argument, name in claim.arguments.items()}
    return claim.printed(**(numbers | {"policy_distance": policy_distance}))


def distance(claim, one, other, step=1):
    """What the claim bounds: of the states at a step, or of states and actions at time 0, where all start alike."""
    return joint_distances(one, other, 0)[0] if claim.actions else state_distances(one, other, step)[step]


def of_each(claim):
    """Whether it speaks of each opponent alone, not of their joint policy."""
    return not any("opponents_" in name for name in claim.arguments.values())


def discrepancy(claim, real, post, pre=None, branch_length=1, agent=0):
    """What the claim bounds, of these processes, normalised."""
    branched = claim.branched
    other = branched_return(pre or post, post, branch_length, agent) if branched else expected_return(post, agent)
    return (1 - real.game.discount) * abs(expected_return(real, agent) - other)


def fork(good, spare=0, start=0, discount=DISCOUNT, pays=(0.0, 1.0, -1.0)):
    """The fork where the joint actions `good` (A_1, …, A_n) lead to state 1; `spare` states more are never reached."""
    good, num_states = np.asarray(good, dtype=bool), 3 + spare
    transitions = np.zeros((num_states, *good.shape, num_states))
    transitions[0, ..., 1], transitions[0, ..., 2] = good, ~good
    for state in range(1, num_states):
        transitions[state, ..., state] = 1.0
    pays = np.array([*pays, *[0.0] * spare])
    rewards = np.broadcast_to(pays.reshape(-1, *[1] * good.ndim), (num_states, *good.shape))
    return Game.stochastic(rewards, transitions, discount, np.eye(num_states)[start])


def always(game, *actions, state=None):
    """The policy that plays these actions, or where `state` is given, plays them there and the first one elsewhere."""
    rows = []
    for num_actions, action in zip(game.num_actions, actions, strict=True):
        played = np.where(np.isin(np.arange(game.num_states), state), action, 0) if state is not None else action
        rows.append(np.eye(num_actions)[np.broadcast_to(played, game.num_states)])
    return tuple(rows)


class Correlated(Process):
    """A process whose joint policy is no product."""

    def __init__(self, game, joint):
        super().__init__(game, ())
        self.__dict__["joint"] = joint.reshape(game.num_states, -1)


# What all claims assume


@every_claim
@pytest.mark.parametrize(
    "other", [fork([[True]], start=2), fork([[True]], pays=(0.0, 0.5, -1.0))], ids=["start", "rewards"]
)
def test_both_processes_have_the_same_start_and_rewards(claim, other):
    game = fork([[True]])
    real, changed = (Process(g, uniform_policy(game)) for g in (game, other))
    assert bound(claim) == 0
    assert discrepancy(claim, real, changed, pre=changed) > 0.1


@claims_on_states
def test_laws_of_the_state_have_the_same_start(claim):
    real, changed = (Process(game, uniform_policy(game)) for game in (fork([[True]]), fork([[True]], start=2)))
    assert distance_bound(claim, 5) == 0
    assert distance(claim, real, changed, 5) == 1


def wrong_in_all():
    """Each of model, data policy and opponent model is off, by little, and each alone makes a difference."""
    game, model = fork([[1, 0], [1, 1]]), fork([[1, 1], [0, 1]])
    half, tenth, most = (np.tile([p, 1 - p], (3, 1)) for p in (0.5, 0.6, 0.9))
    transitions = 0.9 * game.transitions + 0.1 * model.transitions
    return game, {
        "policy": [half, most],
        "data_policy": [tenth, half],
        "opponent_models": [tenth],
        "model": transitions,
    }


@every_claim
def test_no_reward_is_below_minus_r_max(claim):
    """With rewards in [−1, 0], r_max = max r of Lemma C.3 is 0, and so are all bounds as printed."""
    game, parts = wrong_in_all()
    punished = Game.stochastic(np.asarray(game.rewards) / 2 - 0.5, game.transitions, game.discount, game.start)
    (row,) = (row for row in compare_returns(Setup.of(punished, **parts)) if row.claim == claim.name)
    assert not row.holds
    assert row.printed == 0 < row.discrepancy <= row.corrected


@every_claim
def test_returns_are_normalised(claim):
    """Returns as §3.1 defines them are up to γ / (1 − γ) times farther apart; the printed bounds do not know."""
    stays, leaves = (np.array([[[[1 - p, p]]], [[[0.0, 1.0]]]]).reshape(2, 1, 1, 2) for p in (0.0, 0.05))
    game = Game.stochastic(np.array([1.0, 0.0]).reshape(2, 1, 1), stays, DISCOUNT, [1.0, 0.0])
    setup = Setup.of(game, policy=uniform_policy(game), model=leaves)
    (row,) = (row for row in compare_returns(setup) if row.claim == claim.name)
    assert row.holds
    assert not row.holds_as_defined
    as_defined = DISCOUNT / (1 - DISCOUNT) * row.discrepancy
    assert row.printed < as_defined <= DISCOUNT / (1 - DISCOUNT) * row.printed


@claims_with("policy_shift")
def test_shifts_are_maxima_over_states_not_averages(claim):
    """π and π_D differ in state 0 alone, of fifty; what π does there the model has wrong, or π_D never does it."""
    game, model = fork([[0], [1]], spare=47), fork([[0], [0]], spare=47)
    playing, collecting = always(game, 1, 0, state=0), always(game, 0, 0)
    setup = Setup.of(game, policy=playing, data_policy=collecting, model=None if claim.branched else model.transitions)
    errors, each_s = measure(setup), total_variation(playing[0], collecting[0])
    post = setup.modelled if claim.branched else setup.learned
    found = discrepancy(claim, setup.real, post, setup.data)
    assert errors.data_dynamics["real"] == 0
    assert bound(claim, policy_shift=each_s.mean()) < found <= bound(claim, policy_shift=errors.policy_shift)


@claims_with("opponents_shift", "opponent_shifts")
def test_opponents_shifts_are_maxima_over_states_not_averages(claim):
    game, model = fork([[0, 1]], spare=47), fork([[0, 0]], spare=47)
    playing, collecting = always(game, 0, 1, state=0), always(game, 0, 0)
    setup = Setup.of(game, policy=playing, data_policy=collecting, model=None if claim.branched else model.transitions)
    average = total_variation(playing[1], collecting[1]).mean()
    found = discrepancy(claim, setup.real, setup.modelled if claim.branched else setup.learned, setup.data)
    assert bound(claim, opponents_shift=average, opponent_shifts=(average,)) < found
    assert found <= bound(claim, opponents_shift=1.0, opponent_shifts=(1.0,))


@claims_with("opponents_error", "opponent_errors")
def test_opponents_errors_are_maxima_over_states_not_averages(claim):
    game = fork([[0, 1]], spare=47)
    setup = Setup.of(game, policy=always(game, 0, 1, state=0), opponent_models=always(game, 0, 0)[1:])
    average = total_variation(setup.policy[1], setup.opponent_models[0]).mean()
    found = discrepancy(claim, setup.real, setup.modelled, setup.data)
    assert bound(claim, opponents_error=average, opponent_errors=(average,)) < found
    assert found <= bound(claim, opponents_error=1.0, opponent_errors=(1.0,))


@every_distance_claim
@pytest.mark.parametrize("who", [0, 1], ids=["agent", "opponent"])
def test_distances_of_policies_are_maxima_over_states_not_averages(claim, who):
    """One of the two plays otherwise in state 0 alone, of fifty, where all begins and all is decided."""
    game = fork([[1, 0], [0, 0]], spare=47)
    one, other = (Process(game, always(game, *actions, state=0)) for actions in ([0, 0], [1 - who, who]))
    each_s = total_variation(one.policy[who], other.policy[who])

    def bound_of(error):
        of_opponents = {"opponents_error": error, "opponent_errors": (error,)}
        return distance_bound(claim, policy_distance=error) if who == 0 else distance_bound(claim, **of_opponents)

    assert bound_of(each_s.mean()) < distance(claim, one, other) <= bound_of(each_s.max())


@every_claim
def test_the_dynamics_error_is_no_average_without_discount(claim):
    """The model is wrong about the fork alone, that is at time 0 alone: in the long run it is right on average."""
    setup = Setup.of(fork([[1]]), policy=[[[1.0]] * 3] * 2, model=fork([[0]]).transitions)
    in_the_long_run = 1 / 1000
    found = discrepancy(claim, setup.real, setup.modelled, setup.data)
    assert bound(claim, dynamics_error=in_the_long_run) < found
    discounted = measure(setup).data_dynamics["occupancy"]
    assert discounted == pytest.approx(1 - DISCOUNT)
    assert found <= bound(claim, dynamics_error=discounted)
    (row,) = (row for row in compare_returns(setup, dynamics_error="occupancy") if row.claim == claim.name)
    assert row.discrepancy == pytest.approx(row.coupling) or "lemma" in claim.name  # a lemma's is a maximum: 1


# Whose law the dynamics' error is taken under


def hidden(p=0.1):
    """State 0 leads to 1 with probability p in the game, never in the model, which knows nothing of state 1."""
    real, model = np.zeros((2, 3, 1, 1, 3))
    real[0, ..., :2], model[0, ..., 0] = [1 - p, p], 1.0
    real[1, ..., 1], model[1, ..., 2] = 1.0, 1.0
    real[2, ..., 2] = model[2, ..., 2] = 1.0
    rewards = np.array([0.0, 1.0, -1.0]).reshape(3, 1, 1)
    game = Game.stochastic(rewards, real, DISCOUNT, [1.0, 0.0, 0.0])
    return Setup.of(game, policy=uniform_policy(game), model=model)


@claims_named("theorem-2", "theorem-5", "theorem-b.2", "lemma-c.4")
def test_branched_claims_do_not_hold_with_the_error_along_the_model(claim):
    """Along T̂ state 1 is never seen, but real rollouts branch there."""
    setup = hidden()
    errors = measure(setup, [1])
    assert errors.modelled_dynamics == pytest.approx(0.1)
    assert errors.current_dynamics["model"] == pytest.approx(0.1)
    found = discrepancy(claim, setup.real, setup.modelled, setup.data)
    assert bound(claim, dynamics_error=errors.current_dynamics["model"]) < found
    for law in (errors.branched_dynamics[1], errors.current_dynamics["real"], errors.current_dynamics["uniform"]):
        assert found <= bound(claim, dynamics_error=law)
    rows = {row.claim: row for row in compare_returns(setup, dynamics_error="model")}
    if "theorem" in claim.name:
        assert not rows[claim.name].proved
        assert rows[claim.name].coupling < rows[claim.name].discrepancy


@claims_named("theorem-2", "theorem-5", "theorem-b.2")
def test_branched_theorems_need_the_policies_of_now_in_the_dynamics_error(claim):
    """ε_m, along π_D, for ε'_m: π_D never does what the model has wrong, and its shift fades with long rollouts."""
    game, model = fork([[0], [1]]), fork([[0], [0]])
    setup = Setup.of(game, policy=always(game, 1, 0), data_policy=always(game, 0, 0), model=model.transitions)
    errors, k = measure(setup), 60
    found = discrepancy(claim, setup.real, setup.modelled, setup.data, k)
    shift = errors.policy_shift
    assert errors.data_dynamics["real"] == 0 < errors.current_dynamics["real"]
    assert bound(claim, k, dynamics_error=0.0, policy_shift=shift) < found
    assert found <= bound(claim, k, dynamics_error=errors.current_dynamics["real"], policy_shift=shift)


@claims_named("theorem-1", "theorem-3", "theorem-4", "theorem-a.1", "theorem-b.1", "lemma-c.3")
def test_other_claims_need_the_error_of_the_policies_that_shifts_are_measured_from(claim):
    """The error along a third policy, which never does what the model has wrong, says nothing of π = π_D."""
    game, model = fork([[0], [1]]), fork([[0], [0]])
    setup = Setup.of(game, policy=always(game, 1, 0), model=model.transitions)
    third = measure(replace(setup, data_policy=always(game, 0, 0))).data_dynamics["real"]
    found = discrepancy(claim, setup.real, setup.modelled)
    assert bound(claim, dynamics_error=third) == 0 < found
    assert found <= bound(claim, dynamics_error=measure(setup).data_dynamics["real"])


def corridor(first=1, last=2):
    """State 0 leads to `first`, 1 to `last`; 2 and 3 are ends."""
    transitions = np.eye(4)[[first, last, 2, 3]].reshape(4, 1, 1, 4)
    return Game.stochastic(np.zeros((4, 1, 1)), transitions, DISCOUNT, np.eye(4)[0])


def expected_errors(setup, process, steps):
    """E[d(s_t, a_t)] along the process, t = 0 … steps − 1."""
    of_s = process.expected(dynamics_distance(setup))
    return [law_s @ of_s for _, law_s in zip(range(steps), process.laws(), strict=False)]


@claims_on_states
def test_the_dynamics_error_of_distances_is_that_of_the_steps_before(claim):
    """The model is wrong about the second step alone: the error of another one says nothing. Their mean would do."""
    game = corridor()
    setup = Setup.of(game, policy=uniform_policy(game), model=corridor(last=3).transitions)
    errors = expected_errors(setup, setup.learned, 3)
    assert errors == [0, 1, 0]
    found = [distance(claim, setup.real, setup.learned, t) for t in range(3)]
    assert found == [0, 0, 1]
    for another in (errors[0], errors[2]):
        assert distance_bound(claim, 2, dynamics_error=another) < found[2]
    assert found[2] <= distance_bound(claim, 2, dynamics_error=np.mean(errors[:2]))
    assert found[2] <= distance_bound(claim, 2, dynamics_error=max(errors[:2]))


@claims_on_states
@pytest.mark.parametrize("third", ["policy", "dynamics"])
def test_the_dynamics_error_of_distances_is_along_either_of_the_two(claim, third):
    """A third process, of another policy or of other dynamics, never comes to where the two differ."""
    if third == "policy":
        game, model = fork([[0], [1]]), fork([[0], [0]])
        setup = Setup.of(game, policy=always(game, 1, 0), model=model.transitions)
        elsewhere = Process(game, always(game, 0, 0))
    else:
        game, model = corridor(), corridor(last=3)
        setup = Setup.of(game, policy=uniform_policy(game), model=model.transitions)
        elsewhere = Process(corridor(first=0), setup.policy)
    found = distance(claim, setup.real, setup.learned, 2)
    assert distance_bound(claim, 2, dynamics_error=max(expected_errors(setup, elsewhere, 2))) == 0 < found
    for process in (setup.real, setup.learned):
        assert found <= distance_bound(claim, 2, dynamics_error=max(expected_errors(setup, process, 2)))


# What a branched rollout is


@claims_named("theorem-2", "theorem-5", "theorem-b.2", "lemma-c.4")
def test_rollouts_branch_where_the_data_policies_went(claim):
    """They start from what others reached; the shift is measured from policies that reached something else."""
    game = fork([[0], [1]])
    real, others = Process(game, always(game, 1, 0)), Process(game, always(game, 0, 0))
    assert bound(claim) == 0 < discrepancy(claim, real, real, pre=others)


# Independence


def in_step(num_actions):
    """Both agents play the same action, each with the same probability."""
    return np.eye(num_actions) / num_actions


@pytest.mark.parametrize(
    ("claim", "who"),
    [(claim, "agent and opponent") for claim in CLAIMS]
    + [(claim, "two opponents") for claim in CLAIMS if of_each(claim)],
    ids=lambda each: getattr(each, "name", each),
)
def test_agents_draw_their_actions_independently(claim, who):
    """The same marginals, hence no shift or error of any agent: yet in step two agents always take the same action.

    That two opponents do so breaks the extended claims only; the others speak of the opponents' joint policy.
    """
    n = 40
    same, nobody = in_step(n), np.full((n, n), 1 / n**2)
    if who == "two opponents":
        same, nobody = same[None], nobody[None]
    game, model = fork(same > 0), fork(np.zeros_like(same))
    real, apart = (Correlated(game, np.tile(joint.ravel(), (3, 1))) for joint in (same, nobody))
    if claim.compared == "learned":  # π, in step, in both; π_D, apart, seldom sees that the model is wrong
        post, errors = Correlated(model, real.joint), {"dynamics_error": 1 / n}
    else:
        post, errors = apart, {}
    assert bound(claim, **errors) < discrepancy(claim, real, post, apart)


@pytest.mark.parametrize(
    ("claim", "who"),
    [(claim, "agent and opponent") for claim in DISTANCE_CLAIMS]
    + [(claim, "two opponents") for claim in DISTANCE_CLAIMS if of_each(claim)],
    ids=lambda each: getattr(each, "name", each),
)
def test_distances_need_independence_given_the_state(claim, who):
    """As above: in step two agents always reach the good state, with the same marginals apart every other time."""
    same, nobody = in_step(2), np.full((2, 2), 1 / 4)
    if who == "two opponents":
        same, nobody = same[None], nobody[None]
    game = fork(same > 0)
    real, apart = (Correlated(game, np.tile(joint.ravel(), (3, 1))) for joint in (same, nobody))
    assert distance_bound(claim) == 0 < distance(claim, real, apart) == 0.5


def answering(game, conditional, opponents, agent):
    """The process where `agent` answers the others' actions by π^i(a^i|s, a^{-i}), (S, B, A_i), as in Appendix B.2."""
    others = [actions for j, actions in enumerate(game.num_actions) if j != agent]
    weights = np.ones((game.num_states, 1))
    for own in opponents:
        weights = (weights[:, :, None] * own[:, None]).reshape(game.num_states, -1)
    joint = (conditional * weights[:, :, None]).reshape(game.num_states, *others, -1)
    return Correlated(game, np.moveaxis(joint, -1, 1 + agent))


def extended_bounds(lemma, ours=None, theirs=None, **numbers):
    """The sharper bound of an extended lemma, and the printed one."""
    coupling, printed = getattr(sharper, f"coupling_{lemma}"), getattr(lemmas, f"extended_{lemma}")
    return coupling(**numbers, **(ours or {})), printed(**numbers, **(theirs or {}))


def test_an_agent_that_answers_the_others_needs_its_distance_given_their_actions():
    """π^i copies a fair coin, π_D^i throws its own: the same marginals, but a distance of ½ given the first coin."""
    game, coin = fork(np.eye(2)), np.full((3, 2), 0.5)
    copied, thrown = np.tile(np.eye(2), (3, 1, 1)), np.full((3, 2, 2), 0.5)
    one, other = (answering(game, conditional, [coin], agent=0) for conditional in (copied, thrown))
    of_marginals = total_variation(*(process.joint.reshape(3, 2, 2).sum(axis=2) for process in (one, other))).max()
    given_actions = total_variation(copied, thrown).max()
    assert (of_marginals, given_actions) == (0, 0.5)
    returns = (1 - DISCOUNT) * abs(expected_return(one, 0) - expected_return(other, 0))
    kinds = {"ours": {"reward_range": 2.0}, "theirs": {"reward_bound": 1.0}, "discount": DISCOUNT}
    for lemma, found, known in [
        ("lemma_c1", joint_distances(one, other, 0)[0], {"state_distance": 0.0}),
        ("lemma_c2", state_distances(one, other, 1)[1], {"step": 1, "dynamics_error": 0.0}),
        ("lemma_c3", returns, {"dynamics_error": 0.0} | kinds),
    ]:
        known["opponent_distances"] = [0.0]
        assert max(extended_bounds(lemma, policy_distance=of_marginals, **known)) == 0 < found
        assert found <= min(extended_bounds(lemma, policy_distance=given_actions, **known))


# What they need not assume


def jointly(game, own, opponents, agent):
    """The process where `agent` plays `own` (S, A_i) and the others a joint policy (S, B), not a product."""
    others = [actions for j, actions in enumerate(game.num_actions) if j != agent]
    joint = (own[:, :, None] * opponents[:, None, :]).reshape(*own.shape, *others)
    return Correlated(game, np.moveaxis(joint, 1, 1 + agent))


@costly
@given(setups(min_agents=3, max_agents=3, max_actions=2), st.data())
def test_opponents_may_correlate_where_their_joint_policy_is_measured(setup, data):
    """Theorems 3, 4, 5 and Lemmas C.3, C.4 hold for any joint policies of the opponents."""
    game, agent, distance_sa = setup.game, setup.agent, dynamics_distance(setup)
    shape = (game.num_states, game.num_joint_actions // game.num_actions[agent])
    now, collecting, modelled = (data.draw(simplex_rows(shape)) for _ in range(3))
    own = setup.policy[agent]
    real, learned = (jointly(g, own, now, agent) for g in (game, setup.model))
    pre, post = jointly(game, setup.data_policy[agent], collecting, agent), jointly(setup.model, own, modelled, agent)

    def along(process):
        return min(1.0, largest_over_time(process, process.expected(distance_sa)[None]).largest[0])

    laws = {"data": along(pre), "current": along(real), "modelled": along(post), "branched": distance_sa.max()}
    errors = {
        "none": 0.0,
        "policy_shift": total_variation(own, setup.data_policy[agent]).max(),
        "opponents_shift": total_variation(now, collecting).max(),
        "opponents_error": total_variation(now, modelled).max(),
    }
    errors = {name: min(1.0, error) for name, error in errors.items()}
    for claim in (claim for claim in CLAIMS if not of_each(claim)):
        numbers = errors | {"dynamics_error": laws[claim.expected]}
        known = {"reward_bound": game.reward_scale, "discount": game.discount}
        known |= {"branch_length": 3} if claim.branched else {}
        printed = claim.printed(**known, **{argument: numbers[name] for argument, name in claim.arguments.items()})
        found = discrepancy(claim, real, learned if claim.compared == "learned" else post, pre, 3, agent)
        assert found <= printed + 1e-12 * (1 + game.reward_scale) / (1 - game.discount)


@costly
@given(setups(min_agents=2, max_agents=3, max_actions=2), st.data())
def test_an_agent_may_answer_the_others_where_its_distance_is_given_their_actions(setup, data):
    """Extended Lemmas C.1-C.3 with the maximum over s and a^{-i}, for what Appendix B.2 allows."""
    game, agent, steps = setup.game, setup.agent, 6
    own_actions = game.num_actions[agent]
    answers = data.draw(simplex_rows((game.num_states, game.num_joint_actions // own_actions, own_actions)))
    others = data.draw(_near(answers))
    one = answering(game, answers, [setup.policy[j] for j in setup.opponents], agent)
    other = answering(setup.model, others, setup.opponent_models, agent)
    apart = {
        "policy_distance": min(1.0, total_variation(answers, others).max()),
        "opponent_distances": measure(setup).opponent_errors,
    }
    rounding = 1e-12 * (1 + game.reward_scale)  # laws of a few steps; returns that are solved for

    def assert_bounded(found, *bounds, largest=1.0, within=rounding):
        assert found <= bounds[0] + within
        assert bounds[0] <= min(largest, bounds[1]) + within

    states, joints = state_distances(one, other, steps), joint_distances(one, other, steps)
    M_t = np.maximum.accumulate([0.0, *expected_errors(setup, other, steps)])
    for t, (state, joint) in enumerate(zip(states, joints, strict=True)):
        state = min(1.0, state)
        assert_bounded(joint, *extended_bounds("lemma_c1", state_distance=state, **apart))
        assert_bounded(state, *extended_bounds("lemma_c2", step=t, dynamics_error=min(1.0, M_t[t]), **apart))
    spread = np.ptp(setup.rewards)
    discounted = (1 - game.discount) * abs(expected_return(one, agent) - expected_return(other, agent))
    M = largest_over_time(other, other.expected(dynamics_distance(setup))[None]).largest[0]
    known = {"ours": {"reward_range": spread}, "theirs": {"reward_bound": np.abs(setup.rewards).max()}}
    bounds = extended_bounds("lemma_c3", **known, discount=game.discount, dynamics_error=min(1.0, M), **apart)
    assert_bounded(discounted, *bounds, largest=spread, within=rounding / (1 - game.discount))


@costly
@given(setups())
def test_theorem_3_needs_neither_its_last_terms_nor_the_second_of_each_shift(setup):
    """Nor, like all theorems, the maximum over time: the discounted average of the dynamics' error will do."""
    errors, discount = measure(setup), setup.game.discount
    rewards = setup.game.rewards_isa[0 if setup.game.common_payoff else setup.agent]
    found = (1 - discount) * abs(expected_return(setup.real, setup.agent) - expected_return(setup.learned, setup.agent))
    shift = errors.policy_shift + errors.opponents_shift
    for reading in ("real", "model", "uniform", "occupancy"):
        needed = discount * (errors.data_dynamics[reading] + shift) / (1 - discount)
        assert found <= np.ptp(rewards) * needed + 1e-12 * (1 + setup.game.reward_scale) / (1 - discount)
