"""PettingZoo's parallel environments: explored exactly, or sampled with intervals, and what is noticed."""

import random
import warnings

import numpy as np
import pytest

from mathrl.interop import SampledGame, SampledNumbers, from_pettingzoo
from mathrl.solvers import haspi, optimal
from tests.interop.packages import package

pettingzoo = package("pettingzoo")
spaces = package("gymnasium.spaces")


class Corridor(pettingzoo.ParallelEnv):
    """Two agents in a corridor of five cells want to meet; a move fails with some probability."""

    metadata = {"name": "corridor_v0"}  # noqa: RUF012

    def __init__(self, slip=0.0, limit=1000, sees=("left", "right"), source="own"):
        self.possible_agents = ["left", "right"]
        self.slip, self.limit, self.sees, self.source = slip, limit, sees, source

    def action_space(self, agent):
        return spaces.Discrete(3, start=-1)

    def observations(self):
        return {agent: np.array(self.cells if agent in self.sees else [0]) for agent in self.agents}

    def reset(self, seed=None, options=None):
        self.generator = np.random.default_rng(seed)
        self.agents, self.cells, self.time = list(self.possible_agents), [0, 4], 0
        return self.observations(), {agent: {} for agent in self.agents}

    def draw(self):
        if self.source == "numpy":
            return np.random.random()  # noqa: NPY002
        return random.random() if self.source == "python" else self.generator.random()

    def step(self, actions):
        self.time += 1
        for i, agent in enumerate(self.agents):
            move = actions[agent]
            if move and self.slip and self.draw() < self.slip:
                move = 0
            self.cells[i] = min(4, max(0, self.cells[i] + move))
        met, late = self.cells[0] == self.cells[1], self.time >= self.limit
        every = self.agents
        found = (
            self.observations(),
            dict.fromkeys(every, 1.0 if met else -0.1),
            dict.fromkeys(every, met),
            dict.fromkeys(every, late),
            {agent: {} for agent in every},
        )
        self.agents = [] if met or late else every
        return found


def test_a_deterministic_environment_is_explored_exactly():
    game = from_pettingzoo(Corridor(), discount=0.9)
    assert (game.num_states, game.num_actions) == (5 * 5 - 5 + 1, (3, 3))  # cells that differ, and the end
    assert (game.agent_names, game.title) == (("left", "right"), "corridor_v0")
    # they meet in two steps: −0.1 + 0.9 · 1
    assert optimal(game).objective == pytest.approx(0.8, abs=1e-15)
    for s, name in enumerate(game.state_names[:-1]):
        cells = np.array(name[0])
        for joint in np.ndindex(3, 3):
            after = np.clip(cells + np.array(joint) - 1, 0, 4)
            met = after[0] == after[1]
            assert game.rewards[(s, *joint)] == (1.0 if met else -0.1)
            to = game.csr_xt[[s * 9 + joint[0] * 3 + joint[1]]].indices
            assert game.state_names[to[0]] == ("the end" if met else (tuple(after), tuple(after)))


class Uncopied(Corridor):
    """A corridor that holds what cannot be copied."""

    def __init__(self, **options):
        super().__init__(**options)
        self.link = (k for k in range(3))

    def get_state(self):
        return tuple(self.agents), tuple(self.cells), self.time, self.generator.bit_generator.state

    def set_state(self, state):
        self.agents, self.cells, self.time = list(state[0]), list(state[1]), state[2]
        self.generator.bit_generator.state = state[3]


SETTING = {"save": lambda env: env.get_state(), "restore": lambda env, state: env.set_state(state)}


@pytest.mark.parametrize("state", [None, lambda env: env.cells])
def test_an_environment_whose_state_can_be_set_needs_no_copy(state):
    with pytest.raises(ValueError, match="give save and restore where its state can be set"):
        from_pettingzoo(Uncopied(), discount=0.9)
    found = from_pettingzoo(Uncopied(), discount=0.9, state=state, **SETTING)
    assert found == from_pettingzoo(Corridor(), discount=0.9, state=state)


def test_random_numbers_are_drawn_and_noticed_where_the_state_is_set():
    with pytest.raises(ValueError, match="draws random numbers"):
        from_pettingzoo(Uncopied(slip=0.3), discount=0.9, **SETTING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SampledNumbers)
        found = from_pettingzoo(Uncopied(slip=0.3), discount=0.9, samples=5, **SETTING)
        same = from_pettingzoo(Corridor(slip=0.3), discount=0.9, samples=5)
    assert found.game == same.game


def test_play_may_start_where_an_environment_stands_whose_state_can_be_set():
    env = Uncopied()
    env.reset(seed=0)
    env.step({"left": 1, "right": 0})
    found = from_pettingzoo(env, discount=0.9, state=lambda env: env.cells, reset=False, full_view=True, **SETTING)
    assert found.state_names[int(found.start.argmax())] == (1, 4)


def test_save_and_restore_are_given_together():
    with pytest.raises(ValueError, match=r"^restore is None, expected a function"):
        from_pettingzoo(Uncopied(), discount=0.9, save=SETTING["save"])


class Forgetful(Uncopied):
    """Its state lacks how often it has been played, which rewards depend on."""

    steps = 0

    def step(self, actions):
        self.steps += 1
        observations, rewards, *rest = super().step(actions)
        return observations, {agent: reward + self.steps for agent, reward in rewards.items()}, *rest


def test_a_state_that_is_not_all_saved_is_noticed():
    with pytest.raises(ValueError, match="is not always the same"):
        from_pettingzoo(Forgetful(), discount=0.9, **SETTING)


def test_the_environment_and_the_global_generators_are_left_as_they_were():
    env = Corridor(slip=0.3, source="numpy")
    env.reset(seed=1)
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    before = np.random.get_state()[1].copy(), random.getstate(), list(env.cells)  # noqa: NPY002
    with pytest.warns(SampledNumbers):
        from_pettingzoo(env, discount=0.9, samples=5)
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002
    assert (random.getstate(), env.cells) == before[1:]


@pytest.mark.parametrize("source", ["own", "numpy", "python"])
def test_random_numbers_are_noticed(source):
    with pytest.raises(ValueError, match=r"step.* draws random numbers.*samples"):
        from_pettingzoo(Corridor(slip=0.2, source=source), discount=0.9)


def test_samples_have_intervals_that_hold_the_truth():
    with pytest.warns(SampledNumbers, match="exact for this game, not for the environment"):
        found = from_pettingzoo(Corridor(slip=0.25), discount=0.9, samples=30)
    assert isinstance(found, SampledGame)
    game, inside, total = found.game, 0, 0
    assert not found.estimated[:, 1, 1].any()  # who stays draws nothing
    assert (found.rewards_low[:, 1, 1] == found.rewards_high[:, 1, 1]).all()
    low, high = found.transitions_low.toarray(), found.transitions_high.toarray()
    here = {name[0]: s for s, name in enumerate(game.state_names[:-1])}
    for (left, right), s in here.items():
        if 0 < left < 4 and left + 1 not in (right, right + 1):
            # the left one goes right, the other stays: 3/4 it moves, 1/4 it does not
            row = s * 9 + 2 * 3 + 1
            for truth, cells in ((0.75, (left + 1, right)), (0.25, (left, right))):
                total += 1
                inside += low[row, here[cells]] <= truth <= high[row, here[cells]]
    # both intervals of a pair hold the truth together, with probability about 0.95; 9 pairs: below 7 in 1 of 130
    assert total == 18
    assert inside >= 14
    assert 0 < found.unseen < 0.2
    # the game adds up thirtieths, and intervals are of counts: the two differ by the rounding of numbers up to 1
    assert (found.transitions_low.toarray() <= game.csr_xt.toarray() + 1e-15).all()
    assert (found.transitions_high.toarray() >= game.csr_xt.toarray() - 1e-15).all()


def test_the_same_seed_gives_the_same_estimates():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, same, other = (
            from_pettingzoo(Corridor(slip=0.25), discount=0.9, samples=3, seed=seed) for seed in (1, 1, 2)
        )
    np.testing.assert_array_equal(one.game.transitions.data, same.game.transitions.data)
    assert not np.array_equal(one.game.transitions.toarray(), other.game.transitions.toarray())


def test_samples_of_what_draws_nothing_are_exact_and_quiet():
    found = from_pettingzoo(Corridor(), discount=0.9, samples=5)
    assert not found.estimated.any()
    np.testing.assert_array_equal(found.game.rewards, from_pettingzoo(Corridor(), discount=0.9).rewards)


def test_solvers_do_not_take_a_sampled_game_for_a_game():
    found = from_pettingzoo(Corridor(), discount=0.9, samples=5)
    with pytest.raises(ValueError, match="game is of type SampledGame"):
        haspi(found, temperature=1.0)


def test_an_agent_that_sees_less_than_the_state_is_noticed():
    with pytest.raises(ValueError, match=r": right sees the same in .* full_view=True"):
        from_pettingzoo(Corridor(sees=("left",)), discount=0.9)
    game = from_pettingzoo(Corridor(sees=("left",)), discount=0.9, full_view=True)
    assert game.num_states == 21


def test_a_state_that_tells_too_little_is_noticed():
    with pytest.raises(ValueError, match="is not always the same"):
        from_pettingzoo(Corridor(), discount=0.9, full_view=True, state=lambda env: env.cells[0])


def test_a_time_limit_cuts_or_ends():
    assert from_pettingzoo(Corridor(limit=20), discount=0.9).num_states == 21
    with pytest.raises(ValueError, match="the time limit ends play"):
        from_pettingzoo(Corridor(limit=2), discount=0.9)
    timed = from_pettingzoo(
        Corridor(limit=4), discount=1, limit_ends=True, full_view=True, state=lambda env: (env.cells, env.time)
    )
    assert timed.horizon == 4
    assert optimal(timed).objective == pytest.approx(0.9, abs=1e-15)


def test_play_may_start_where_the_environment_stands():
    env = Corridor()
    env.reset()
    env.step({"left": 1, "right": 0})
    game = from_pettingzoo(env, discount=0.9, reset=False, full_view=True, state=lambda env: env.cells)
    assert game.state_names[0] == (1, 4)
    with pytest.raises(ValueError, match="state is None"):
        from_pettingzoo(env, discount=0.9, reset=False)


class Leaving(Corridor):
    """The right agent may leave by action 1; masks forbid the left agent's action −1 in cell 0."""

    def reset(self, seed=None, options=None):
        self.cells = [0, 1]
        self.agents = list(self.possible_agents)
        return self.seen(), {}

    def seen(self):
        masks = {"left": np.array([self.cells[0] > 0, True, True], np.int8), "right": np.ones(3, np.int8)}
        return {agent: {"observation": tuple(self.cells), "action_mask": masks[agent]} for agent in self.agents}

    def step(self, actions):
        every = list(self.agents)
        ended = {"left": self.cells[0] == 1, "right": actions.get("right") == 1}
        self.cells[0] = min(1, self.cells[0] + actions.get("left", 0))
        self.agents = [agent for agent in every if not ended[agent]]
        rewards = {agent: 1.0 + (agent == "right") for agent in every}
        return self.seen(), rewards, {agent: ended[agent] for agent in every}, dict.fromkeys(every, False), {}


def test_agents_that_leave_have_one_action_and_masks_are_taken():
    game = from_pettingzoo(Leaving(), discount=0.5, full_view=True)  # nobody sees who has left
    names = dict(zip(game.state_names, range(game.num_states), strict=True))
    alone = next(s for name, s in names.items() if name != "the end" and name[-1] == ("left",))
    np.testing.assert_array_equal(game.available[1][alone], [True, False, False])
    np.testing.assert_array_equal(game.available[0][0], [False, True, True])
    assert game.rewards[1, alone, 1, 0] == 0
    assert game.rewards[0, alone, 1, 0] == 1


class Tally(pettingzoo.ParallelEnv):
    """One agent; where it starts depends on the seed."""

    def __init__(self):
        self.possible_agents = ["one"]

    def action_space(self, agent):
        return spaces.Discrete(2)

    def reset(self, seed=None, options=None):
        self.agents, self.side = ["one"], int(np.random.default_rng(seed).integers(2))
        return {"one": self.side}, {"one": {}}

    def step(self, actions):
        right = actions["one"] == self.side
        self.agents = []
        return {"one": self.side}, {"one": float(right)}, {"one": True}, {"one": False}, {"one": {}}


def test_a_start_that_varies_is_noticed_or_estimated():
    with pytest.raises(ValueError, match=r"reset\(\) draws random numbers.*reset=False"):
        from_pettingzoo(Tally(), discount=1)
    with pytest.warns(SampledNumbers, match=r"0 of 6 rows .*, and its start; .* up to 0\.1"):
        found = from_pettingzoo(Tally(), discount=1, samples=200)
    assert not found.estimated.any()
    assert (found.start_low[:2] < 0.5).all()
    assert (found.start_high[:2] > 0.5).all()
    assert optimal(found.game).objective == pytest.approx(1, abs=1e-15)


def test_rock_paper_scissors_of_the_package():
    """Its wrapper is copied with all in it, which copy.deepcopy alone does not."""
    rps = package("pettingzoo.classic.rps_v2")
    game = from_pettingzoo(rps.parallel_env(), discount=0.9, full_view=True)
    assert game.num_states == 10  # nothing played yet, and nine last moves
    assert game.agent_names == ("player_0", "player_1")
    beats = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    for s in range(10):
        np.testing.assert_array_equal(game.rewards[:, s], [beats, -beats])


@pytest.mark.parametrize(
    ("env", "options", "message"),
    [
        (object(), {}, r"expected a pettingzoo\.ParallelEnv"),
        (Corridor(), {"samples": 1}, "samples is 1"),
        (Corridor(), {"max_states": 3}, "at most 3 states"),
        (Corridor(), {"full_view": 1}, "full_view is of type int"),
        (Corridor(), {"discount": 1}, "discount is 1"),
    ],
)
def test_what_does_not_fit_is_refused(env, options, message):
    with pytest.raises(ValueError, match=message):
        from_pettingzoo(env, **{"discount": 0.9} | options)


def test_what_cannot_be_copied_is_refused():
    env = Corridor()
    env.handle = iter(lambda: 0, 1)
    env.lock = __import__("threading").Lock()
    with pytest.raises(ValueError, match="cannot be copied"):
        from_pettingzoo(env, discount=0.9)


def test_other_actions_than_discrete_ones_are_refused():
    env = Corridor()
    env.action_space = lambda agent: spaces.Box(0, 1)
    with pytest.raises(ValueError, match="expected a Discrete space"):
        from_pettingzoo(env, discount=0.9)
