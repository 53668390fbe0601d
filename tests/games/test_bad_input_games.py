"""The table of errors: each row is a bad call, its id is the call, its message must match and be one line."""

import numpy as np
import pytest
import scipy.sparse

from mathrl.base.checks import InvalidInput
from mathrl.games import (
    Game,
    as_policy,
    discounted_returns,
    entry,
    load,
    permute_actions,
    random_matrix,
    random_stochastic,
    relabel_agents,
    save,
    scale_rewards,
    shift_rewards,
    simulate,
    uniform_policy,
)

GAME = load("climbing")
UNIFORM = uniform_policy(GAME)
EPISODES = simulate(GAME, UNIFORM, num_episodes=1, num_steps=1)
EYE = np.eye(2)[:, None]
NAN, INF = float("nan"), float("inf")


def bad(function, message, *arguments, **named):
    shown = ", ".join([*map(repr, arguments), *(f"{name}={value!r}" for name, value in named.items())])
    return pytest.param(function, arguments, named, message, id=f"{function.__name__}({shown})".replace("\n", ""))


def stochastic(rewards=((0.0,), (0.0,)), transitions=EYE, discount=0.5, start=None):
    return Game.stochastic(np.array(rewards) if isinstance(rewards, tuple) else rewards, transitions, discount, start)


def run(policy=UNIFORM, num_episodes=1, num_steps=1, seed=0):
    return simulate(GAME, policy, num_episodes=num_episodes, num_steps=num_steps, seed=seed)


CALLS = [
    bad(Game.matrix, "payoffs is an empty list", []),
    bad(Game.matrix, r"payoffs has shape \(\)", np.array(1.0)),
    bad(Game.matrix, r"payoffs has shape \(2, 0\)", np.ones((2, 0))),
    bad(Game.matrix, r"payoffs\[0\] has shape \(2,\).*common payoff as one numpy array", [[1, 2], [3, 4]]),
    bad(Game.matrix, r"payoffs\[1\] has shape \(2, 3\)", [np.ones((2, 2)), np.ones((2, 3))]),
    bad(Game.matrix, r"payoffs\[1\] is nan", np.array([0, NAN])),
    bad(Game.matrix, r"payoffs\[0, 1\] is -inf.*unavailable action", np.array([[0, -INF]])),
    bad(Game.matrix, "payoffs has dtype", np.array(["a"])),
    bad(Game.matrix, "payoffs has dtype complex128", np.array([1j])),
    bad(Game.matrix, "payoffs has dtype", None),
    bad(stochastic, r"rewards has shape \(2,\)", rewards=np.ones(2)),
    bad(stochastic, r"rewards\[1, 0\] is inf", rewards=((0.0,), (INF,))),
    bad(stochastic, r"transitions has shape \(2, 2\), expected \(2, 1, 2\)", transitions=np.eye(2)),
    bad(stochastic, r"transitions has shape \(3, 2\)", transitions=scipy.sparse.csr_array((3, 2))),
    bad(stochastic, r"transitions\[0, 0\] sums to 2.0", transitions=2 * EYE),
    bad(stochastic, r"transitions\[1, 0\] sums to 0.0", transitions=scipy.sparse.csr_array([[1.0, 0.0], [0.0, 0.0]])),
    bad(stochastic, r"transitions\[0, 0, 0\] is -1", transitions=np.array([[[-1.0, 2.0]], [[0.0, 1.0]]])),
    bad(stochastic, r"transitions\[0, 0, 0\] is -1", transitions=scipy.sparse.csr_array([[-1.0, 2.0], [0.0, 1.0]])),
    bad(stochastic, r"transitions.data\[1\] is nan", transitions=scipy.sparse.csr_array([[1.0, 0.0], [0.0, NAN]])),
    bad(stochastic, "discount is 1, expected", discount=1),
    bad(stochastic, "discount is -0.1, expected", discount=-0.1),
    bad(stochastic, "discount is nan", discount=NAN),
    bad(stochastic, "discount is '0.5'", discount="0.5"),
    bad(stochastic, "discount is True", discount=True),
    bad(stochastic, r"start has shape \(3,\), expected \(2,\)", start=[1, 0, 0]),
    bad(stochastic, "start sums to 0.5", start=[0.5, 0]),
    bad(stochastic, r"start\[1\] is -1", start=[2, -1]),
    bad(as_policy, "policy is of type ndarray", GAME, np.ones((2, 3))),
    bad(as_policy, "policy has 1 arrays, expected 2", GAME, UNIFORM[:1]),
    bad(as_policy, r"policy\[1\] has shape \(1, 2\), expected \(1, 3\)", GAME, (UNIFORM[0], np.ones((1, 2)) / 2)),
    bad(as_policy, r"policy\[0\]\[0\] sums to 3.0", GAME, (np.ones(3), UNIFORM[1])),
    bad(as_policy, r"target_policy\[0\]\[0, 1\] is -1", GAME, ([1, -1, 1], UNIFORM[1]), argument="target_policy"),
    bad(load, "game 'climbin' is unknown.*did you mean climbing", "climbin"),
    bad(load, r"game 'zzz' is unknown.*mathrl.games.names\(\)", "zzz"),
    bad(load, "game '' is unknown", ""),
    bad(load, r"game 'folder/game.txt' is unknown.*\.json", "folder/game.txt"),
    bad(load, r"missing\.json cannot be read \(No such file", "missing.json"),
    bad(load, "name_or_path is 3", 3),
    bad(load, r"parameter 'q' is unknown to penalty, expected one of its parameters \(k\)", "penalty(q=1)"),
    bad(load, "parameter 'k' is unknown to climbing, .*none", "climbing(k=1)"),
    bad(load, r"parameter '\*\*' is unknown", "penalty(**{'k': 1})"),
    bad(load, r"penalty: k is 'a', expected a number.*penalty\(k=-100\)", "penalty(k='a')"),
    bad(load, r"game is 'penalty\(-5\)', expected penalty\(parameter=literal", "penalty(-5)"),
    bad(load, r"game is .* expected penalty\(parameter=literal", "penalty(k=-5"),
    bad(load, r"game is .* expected penalty\(parameter=literal", "penalty(k=-5) + 1"),
    bad(load, r"game is .* expected penalty\(parameter=literal", "penalty(k=-5)(k=1)"),
    bad(load, r"game is .* expected penalty\(parameter=literal", "penalty(k=open('x'))"),
    bad(load, r"game is .* expected penalty\(parameter=literal", "penalty(k=\0)"),
    bad(load, "game is .* each parameter once|game is .*parameter=literal", "penalty(k=1, k=2)"),
    bad(load, "random-matrix: num_actions is 3", "random-matrix(num_actions=3)"),
    bad(load, "chain: slip is 2", "chain(slip=2)"),
    bad(load, "chain: num_states is 0", "chain(num_states=0)"),
    bad(load, "gambler: goal is 1, expected a whole number, at least 2", "gambler(goal=1)"),
    bad(load, "gambler: heads is 1.5", "gambler(heads=1.5)"),
    bad(load, "big-match: discount is 1", "big-match(discount=1)"),
    bad(load, "pure-coordination: num_agents is 0", "pure-coordination(num_agents=0)"),
    bad(load, "pure-coordination: num_actions is 10 for 20 agents", "pure-coordination(num_agents=20, num_actions=10)"),
    bad(entry, "game 'chan' is unknown.*chain", "chan"),
    bad(save, r"path 'game.txt' ends in '.txt', expected .json or .npz or .nfg", GAME, "game.txt"),
    bad(save, r"none/game.json lies in a folder that does not exist", GAME, "none/game.json"),
    bad(random_matrix, r"num_actions is \(\)", ()),
    bad(random_matrix, r"num_actions\[1\] is 0", (2, 0)),
    bad(random_matrix, r"num_actions\[0\] is 2.0", (2.0, 2)),
    bad(random_matrix, "num_actions is '22'", "22"),
    bad(random_matrix, "structure 'zerosum' is unknown.*zero-sum", (2, 2), structure="zerosum"),
    bad(random_matrix, "structure is 'zero-sum' for 3 agents", (2, 2, 2), structure="zero-sum"),
    bad(random_matrix, "structure 0 is unknown", (2, 2), structure=0),
    bad(random_matrix, "seed is -1", (2, 2), seed=-1),
    bad(random_matrix, "seed is None", (2, 2), seed=None),
    bad(random_matrix, "scale is 0", (2, 2), scale=0),
    bad(random_stochastic, "num_states is 0", 0, (2,)),
    bad(random_stochastic, "discount is 1", 2, (2,), discount=1.0),
    bad(random_stochastic, "successors is 3, expected at most the number of states, 2", 2, (2,), successors=3),
    bad(random_stochastic, "successors is 0", 2, (2,), successors=0),
    bad(random_stochastic, "local is True without successors", 2, (2,), local=True),
    bad(random_stochastic, "discount is 1.5", 2, (2,), discount=1.5, ending=0.1),
    bad(random_stochastic, "ending is -0.1, expected a number in", 2, (2,), ending=-0.1),
    bad(random_stochastic, "available is 2, expected a number in", 2, (2,), available=2),
    bad(random_matrix, "available is '1'", (2, 2), available="1"),
    bad(relabel_agents, r"order is \[0\], expected each number from 0 to 1 once", GAME, [0]),
    bad(relabel_agents, r"order is \[1, 1\]", GAME, [1, 1]),
    bad(relabel_agents, r"order is \[0.0, 1.0\]", GAME, [0.0, 1.0]),
    bad(relabel_agents, "order is 3, expected each number from 0 to 1 once", GAME, 3),
    bad(permute_actions, "agent is 2, expected an agent 0 … 1", GAME, 2, [0, 1, 2]),
    bad(permute_actions, "agent is -1", GAME, -1, [0, 1, 2]),
    bad(permute_actions, r"permutation is \[0, 1\]", GAME, 0, [0, 1]),
    bad(scale_rewards, "factor is nan", GAME, NAN),
    bad(scale_rewards, r"rewards\[0, 0, 0\] is inf", GAME, 1e308),
    bad(shift_rewards, "amount is '1'", GAME, "1"),
    bad(run, "policy has 1 arrays", policy=UNIFORM[:1]),
    bad(run, "num_episodes is 0", num_episodes=0),
    bad(run, "num_steps is 0", num_steps=0),
    bad(run, "num_steps is 1.0", num_steps=1.0),
    bad(run, "seed is 'a'", seed="a"),
    bad(discounted_returns, "discount is 1.5", EPISODES, 1.5),
    bad(discounted_returns, "discount is -1", EPISODES, -1),
]


@pytest.mark.parametrize(("function", "arguments", "named", "message"), CALLS)
def test_bad_input_is_refused_in_one_line(function, arguments, named, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match=message) as raised:
        function(*arguments, **named)
    assert "\n" not in str(raised.value)
    assert ", expected " in str(raised.value)
    assert list(tmp_path.iterdir()) == []
