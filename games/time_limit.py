"""Time limits: the game that ends after so many steps, whose state holds the time."""

import numpy as np

from mathrl.base.checks import count, room
from mathrl.games.model import Game, check_game, names_of

__all__ = ["with_time_limit"]


def with_time_limit(game: Game, steps: int, *, discount: float | None = None) -> Game:
    """Make the game that ends after a number of steps, and whose states tell the time.

        r'((t, s), a) = r(s, a),   P'((t + 1, s') | (t, s), a) = P(s' | s, a) for t < T − 1;   from t = T − 1 it ends

    It is a limit that belongs to the game: what would follow is worth nothing, and players know how much time is left.
    A limit that only cuts what is stored of a game, and of which the state says nothing, makes no new game: see
    `truncated` of `mathrl.oracle.n_step_target`.

    `game`      the old game, of S states
    `steps`     T ≥ 1
    `discount`  γ of the new game, default that of the old one; 1 is allowed

    Returns the new game, of T S + 1 states with sparse transitions: t S + s is state s at time t, called (t, name)
    where states have names, and the last one is the end. It starts at time 0. Raises `ValueError` naming the argument.

    >>> with_time_limit(Game.matrix(np.eye(2)), 3, discount=1)
    <Game: 4 states (1 terminal), 2 agents, 2×2 actions, common payoff, discount 1.0, sparse>
    """
    from scipy.sparse import coo_array, csr_array

    check_game(game)
    num_steps, num_states, num_rows = (
        count("steps", steps, 1),
        game.num_states,
        game.num_states * game.num_joint_actions,
    )
    room("steps", num_steps, num_rows)
    step = coo_array(game.csr_xt if game.sparse else game.dense_xt)
    rows, columns = step.coords
    times = np.arange(num_steps - 1)[:, None]
    size, all_rows = num_steps * num_states + 1, num_steps * num_rows + game.num_joint_actions
    ending = np.arange((num_steps - 1) * num_rows, all_rows)
    entries = np.concatenate([np.tile(step.data, num_steps - 1), np.ones(len(ending))])
    of_rows = np.concatenate([(times * num_rows + rows).ravel(), ending])
    of_columns = np.concatenate([((times + 1) * num_states + columns).ravel(), np.full(len(ending), size - 1)])
    named = None
    if game.state_names is not None:
        named = [(time, name) for time in range(num_steps) for name in game.state_names] + [(num_steps, None)]
    agents = [game.rewards] if game.common_payoff else list(game.rewards)
    rewards = [np.concatenate([*[own] * num_steps, np.zeros((1, *game.num_actions))]) for own in agents]
    return Game.stochastic(
        rewards[0] if game.common_payoff else rewards,
        csr_array((entries, (of_rows, of_columns)), shape=(all_rows, size)),
        game.discount if discount is None else discount,
        np.concatenate([game.start, np.zeros(size - num_states)]),
        available=[np.concatenate([*[own] * num_steps, np.ones((1, own.shape[1]))]) for own in game.available],
        terminal=np.concatenate([*[game.terminal] * num_steps, [True]]),
        state_names=named,
        **names_of(game),
    )
