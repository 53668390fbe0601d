"""Exact returns: in real and learned dynamics, with real and modelled opponents, and along branched rollouts.

With p_t the law of the state at time t and r_π(s) = E_{a~π}[r^i(s, a)], returns are unnormalised, from t = 0:

    η_i        = Σ_{t≥0} γ^t p_t r_π = w r_π,   w = start (I − γ P_π)^{-1}                                    (1)
    η_i^branch = Σ_{t<k} γ^t start P_post^t r_post + γ^k start (I − γ P_pre)^{-1} P_post^k r_post             (2)

(1) is the objective of aorpo §3.1 from t = 0 on; its appendix C means (1 − γ) times that. (2) is the branched return
of aorpo Theorems 2, 5 and B.2, read as the proof of Lemma C.4 does: at time t the state is the one that was reached
min(t, k) steps after the branch, which was at time max(t − k, 0), and the action there is `post`'s.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, fail, iterated
from mathrl.bounds.checked import whole_lengths
from mathrl.bounds.process import Process, check_alike, check_process, mean
from mathrl.bounds.setup import Setup, check_setup
from mathrl.games.model import Game, check_game
from mathrl.games.policies import Policy, as_policy

__all__ = ["Returns", "branched_return", "branched_returns", "expected_return", "returns", "scheduled_return"]


@dataclass(frozen=True)
class Returns:
    """The returns that aorpo's bounds compare: Σ_{t≥0} γ^t r_t from the start, not normalised.

    `real`      η_i[π^i, π^{-i}]: the policies in the real game
    `data`      η_i[π_D]: the data-collecting policies in the real game
    `learned`   η̂_i[π^i, π^{-i}]: the policies in the learned dynamics
    `modelled`  η̂_i[π^i, π̂^{-i}]: with the opponent models as well
    """

    real: float
    data: float
    learned: float
    modelled: float


def expected_return(process: Process, agent: int) -> float:
    """Compute an agent's exact discounted return in a process   (aorpo §3.1, from t = 0 on).

        η_i = Σ_{t≥0} γ^t E[r^i(s_t, a_t)] = w r_π,   w = start (I − γ P_π)^{-1}                                  (1)

    `process`  dynamics and policy
    `agent`    i, the number of the agent

    Returns one number, not normalised. Raises `ValueError` where there is no such agent.

    >>> game = Game.stochastic(np.ones((1, 2)), np.ones((1, 2, 1)), discount=0.5)  # 1 in each step
    >>> expected_return(Process(game, (np.array([[0.5, 0.5]]),)), agent=0)
    2.0
    """
    check_process("process", process)
    return mean(process.visits, process.rewards(agent))  # (1)


def returns(setup: Setup) -> Returns:
    """Compute four exact returns of a setup's agent: real, data, learned and modelled   (aorpo §3.1, from t = 0 on).

        η_i = Σ_{t≥0} γ^t E[r^i(s_t, a_t)]

    `setup`  the game, the learned model of it, and the policies

    Returns `Returns`. They are not normalised.
    """
    check_setup(setup)
    processes = (setup.real, setup.data, setup.learned, setup.modelled)
    return Returns(*(expected_return(process, setup.agent) for process in processes))


def branched_return(pre: Process, post: Process, branch_length: int, agent: int) -> float:
    """Compute the exact return of rollouts of k steps that branch from another process   (aorpo Theorems 2, 5, B.2).

        η_i^branch = Σ_{t<k} γ^t start P_post^t r_post + γ^k start (I − γ P_pre)^{-1} P_post^k r_post             (2)

    `pre`            the process before the branch
    `post`           the process after the branch
    `branch_length`  k ≥ 0
    `agent`          i, the number of the agent

    Returns one number, not normalised. At time t the state is the one that is reached min(t, k) steps of `post` after a
    branch from what `pre` reached, and the action is `post`'s. Raises `ValueError` where k is no whole number.
    """
    return float(branched_returns(pre, post, [branch_length], agent)[0])


def branched_returns(pre: Process, post: Process, branch_lengths: Iterable[int], agent: int) -> FloatArray:
    """Compute `branched_return` for several branch lengths, at the cost of the longest   (aorpo Theorems 2, 5, B.2).

        η_i^branch = Σ_{t<k} γ^t start P_post^t r_post + γ^k start (I − γ P_pre)^{-1} P_post^k r_post

    `pre`             the process before the branch
    `post`            the process after the branch
    `branch_lengths`  the k ≥ 0
    `agent`           i, the number of the agent

    Returns one number per k, not normalised. Raises `ValueError` where a k is no whole number.

    Where the game leaves state 0 at once for 1, which pays, and the model never does, k steps are lost:

    >>> leave, stay = np.eye(2)[[1, 1], None], np.eye(2)[:, None]
    >>> alone, rewards, start = (np.ones((2, 1)),), np.array([[0.0], [1.0]]), [1.0, 0.0]
    >>> pre, post = (Process(Game.stochastic(rewards, P, 0.5, start), alone) for P in (leave, stay))
    >>> branched_returns(pre, post, range(3), agent=0)
    array([1.  , 0.5 , 0.25])
    """
    check_process("pre", pre)
    check_process("post", post, pre)
    lengths = whole_lengths(branch_lengths)
    values = _by_branch_length(pre, repeat(post), agent)
    return np.array(list(islice(values, max(lengths, default=0) + 1)))[lengths]


def scheduled_return(pre: Process, model: Game, policies: Sequence[Sequence[Any]], agent: int) -> float:
    """Compute the exact return of rollouts in which each step after the branch has a policy of its own   (aorpo §5.1).

        η_i = Σ_{t<k} γ^t start P_0 ⋯ P_{t−1} r_t + γ^k start (I − γ P_pre)^{-1} P_0 ⋯ P_{k−1} r_k

    `pre`       the process before the branch
    `model`     the dynamics after the branch
    `policies`  k + 1 product policies: `policies[h]` is played h steps after the branch
    `agent`     i, the number of the agent

    Returns one number, not normalised. Before time k the branch was at time 0, so that `policies[t]` is played at time
    t. Raises `ValueError` where there is no policy, or one does not fit the model.
    """
    check_process("pre", pre)
    check_game(model, "model")
    check_alike("model", model, pre.game)
    given = iterated("policies", policies, "k + 1 policies")
    checked = [as_policy(model, policy, f"policies[{h}]") for h, policy in enumerate(given)]
    if not checked:
        fail("policies", "is empty", "k + 1 policies", "give the one that is played at the branch, at least")
    # Schemes play few different policies, each for many steps.
    posts = {_content(policy): Process(model, policy) for policy in checked}
    *_, value = _by_branch_length(pre, (posts[_content(policy)] for policy in checked), agent)
    return value


def _content(policy: Policy) -> bytes:
    """The bytes of a policy, by which equal ones are found."""
    return b"".join(own.tobytes() for own in policy)


def _by_branch_length(pre: Process, posts: Iterable[Process], agent: int) -> Iterator[float]:
    """(2) for k = 0, 1, …, where the h-th of `posts` is run h steps after the branch."""
    early_s, late_s, begun = pre.game.start, pre.visits, 0.0
    for k, post in enumerate(posts):
        weight, r_s = pre.game.discount**k, post.rewards(agent)
        yield begun + weight * mean(late_s, r_s)  # (2)
        begun += weight * mean(early_s, r_s)
        early_s, late_s = post.after(early_s), post.after(late_s)
