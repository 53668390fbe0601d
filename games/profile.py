"""A product policy in the three forms that solvers need, each computed once."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.games.policies import joint_policy

__all__ = ["Profile", "split"]


def split(x_sk: FloatArray, num_actions: Sequence[int]) -> tuple[FloatArray, ...]:
    """Take apart what stands side by side, x (S, A_1 + … + A_n): one array (S, A_i) per agent."""
    ends = accumulate(num_actions, initial=0)
    return tuple(x_sk[:, first:last] for first, last in pairwise(ends))


class Profile(tuple[FloatArray, ...]):
    """A product policy, the tuple of its agents' arrays (S, A_i), that keeps its other forms once they are made.

    It stands wherever a policy is asked for. Its arrays must not be changed: the other forms would not follow.

    >>> profile = Profile.of((np.array([[0.5, 0.5]]), np.array([[0.2, 0.8]])))
    >>> profile.pi_sk.tolist(), profile.joint_sa.tolist()
    ([[0.5, 0.5, 0.2, 0.8]], [[0.1, 0.4, 0.1, 0.4]])
    """

    @classmethod
    def of(cls, policy: Iterable[FloatArray]) -> "Profile":
        """The policy itself where it is a profile already, else a new one."""
        return policy if isinstance(policy, cls) else cls(policy)

    @classmethod
    def split(cls, pi_sk: FloatArray, num_actions: Sequence[int]) -> "Profile":
        """The profile whose agents' policies stand side by side in `pi_sk` (S, A_1 + … + A_n)."""
        profile = cls(split(pi_sk, num_actions))
        profile.pi_sk = pi_sk
        return profile

    @cached_property
    def pi_sk(self) -> FloatArray:
        """The agents' policies side by side, (S, A_1 + … + A_n): the form of kernels."""
        return np.concatenate(self, axis=1)

    @cached_property
    def joint_sa(self) -> FloatArray:
        """Π_i π^i(a_i|s), (S, A), joint actions in C order."""
        return joint_policy(self).reshape(len(self[0]), -1)

    @cached_property
    def num_actions(self) -> npt.NDArray[np.int64]:
        """(A_1, …, A_n): the form of kernels."""
        return np.array([own.shape[1] for own in self])
