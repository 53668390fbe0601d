"""Faults of critics: what each computes, in loops over dense arrays, what is said of it, and who reported it.

A fault is a wrong backup Γ. Its one-step target is Γ q, and its critic is where the repetition of Γ ends. n steps and
TD(λ) are made of one wrong backup at the end, or of wrong ones only where the fault is made at every step. What stands
here is tested by `tests/mathrl/test_oracle_mistakes.py` and listed in `docs/faults.md`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mathrl.games import joint_policy, uniform_policy
from tests.critics import Critic

__all__ = ["FAULTS", "LAST", "OTHERS", "PLACE", "Fault", "Faulty", "Listed", "faults"]

STEPS = "every step"
LAST = "the last value"
PLACE = "the result"


def modes(c):
    """Q of each agent's likeliest action, as a function of Q."""
    chosen = np.ravel_multi_index([rows.argmax(axis=1) for rows in c.policy], c.game.num_actions)
    return lambda q: np.stack([q[..., s, a] for s, a in enumerate(chosen)], axis=-1)


def without_log(c):
    own = np.array([[-c.temperature * sum(p * p for p in row) for row in rows] for rows in c.policy])
    return {"team": own.sum(axis=0), "own": own, "none": 0 * own[0]}[c.entropy]


def minus_logs(c):
    """−α log π of the joint action or of each agent's own, (…, S, A)."""
    joint = np.array(list(np.ndindex(c.game.num_actions)))  # (A, n)
    played = [np.where(c.counts, rows[:, joint[:, i]], 1.0) for i, rows in enumerate(c.policy)]
    own = -c.temperature * np.log(np.stack(played))
    return {"team": own.sum(axis=0), "own": own, "none": 0 * own[0]}[c.entropy]


def of_present_state(c, q):
    """Q(s, b) for b ~ π(·|t)."""
    x = np.stack([c.P[s] @ c.w_sa @ np.moveaxis(q[..., s, :], -1, 0) for s in range(c.game.num_states)])
    return c.backup(c.bonus) + c.game.discount * np.moveaxis(x, (0, 1), (-2, -1))


def mean(policy, q):
    return np.einsum("...sa,sa->...s", q, joint_policy(policy).reshape(len(policy[0]), -1))


def exchanged(policy):
    """The first two of three agents' policies at each other's place: here agents 0 and 2 have as many actions."""
    return policy[2], policy[1], policy[0]


def backwards(c, x):
    """What is numbered in C order of the reversed axes, as if it was in C order."""
    shaped = x.reshape(*x.shape[:-1], *c.game.num_actions)
    before = shaped.ndim - c.game.num_agents
    return shaped.transpose(*range(before), *range(shaped.ndim - 1, before - 1, -1)).reshape(x.shape)


def largest(c, q):
    """The largest Q of a state, of those that count."""
    return np.where(c.counts | c.game.terminal[:, None], q, -np.inf).max(axis=-1)


def paid(c):
    """All rewards that there are."""
    return c.game.rewards.reshape(-1, *c.counts.shape)[:, c.counts]


def standardised(c):
    return (c.r - paid(c).mean()) / paid(c).std()


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What the page says of a fault.

    `name`      what it is
    `formula`   its one-step target; V(s') is E_π[Q(s', b) − α log π(b)]
    `phrase`    what is said of it
    `look_for`  what to look for in the code
    `reports`   public reports of it, owner/name#number
    """

    name: str
    formula: str
    phrase: str
    look_for: str
    reports: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Fault(Listed):
    """A fault that is a wrong backup.

    `made`       where n-step targets have it: at every step, in the last value, or in the place of the result
    `value`      the wrong soft value, a function of the right critic and Q (…, S, A); None for the right one
    `backup`     the wrong backup, a function of the same; None for r + γ P of the soft value
    `place`      puts a result (…, S, A) in its wrong place; None where it stays
    `entropy`    whether it needs an entropy that is not 0
    `agents`     whether it needs values of several agents
    `of_critic`  what is said of a converged critic, where that is something else; of its V, `of_values`

    `phrase` is a format of `mean` (π Q or π (Q − α log π)), `actions` (joint actions), `mean_reward` and `deviation`.
    """

    made: str = LAST
    value: Callable[[Any, Any], Any] | None = None
    backup: Callable[[Any, Any], Any] | None = None
    place: Callable[[Any, Any], Any] | None = None
    entropy: bool = False
    agents: bool = False
    of_critic: str = ""
    of_values: str = ""


SUM = "with the mean of {mean} over the {actions} joint actions in place of its sum"
MODES = "with each agent's likeliest action in place of the mean"
LARGEST = "with the maximum over joint actions in place of the mean"
LATE = "with the bootstrap from one state too late"
PRESENT = "with Q of the present state, at the actions of the next one"
NEXT_REWARD = "with the reward of the next step in place of that of the present one"
ENDS = "10 % of the steps, such as those at a time limit, are taken for an end"
NO_LOG = "with π in place of log π in the entropy"
EARLY = "with each entropy one step early: that of the state that is left, not of the one that is reached"
EARLY_LOG = "with −α log π of the present action in place of that of the next one"
UNDISCOUNTED = ", and without the discount"

FAULTS = (
    Fault(
        name="the mean over joint actions in place of the sum",
        formula="r + γ E[(1/A) Σ_b π(b) (Q(s', b) − α log π(b))]",
        phrase=SUM,
        look_for="`.mean()` where the probabilities are weights already: `.sum()`",
        value=lambda c, q: (c.expected(q) + c.bonus) / q.shape[-1],
        reports=("p-christ/Deep-Reinforcement-Learning-Algorithms-with-PyTorch#54", "toshikwa/rltorch#1"),
    ),
    Fault(
        name="the same, with the whole entropy",
        formula="r + γ E[(1/A) Σ_b π(b) Q(s', b) + α H]",
        phrase=SUM.replace("{mean}", "π Q") + ", but with the whole entropy",
        look_for="the same",
        value=lambda c, q: c.expected(q) / q.shape[-1] + c.bonus,
        entropy=True,
    ),
    Fault(
        name="each agent's likeliest action, without entropy",
        formula="r + γ E[Q(s', argmax π)]",
        phrase=MODES,
        look_for="a greedy action where the mean over the policy belongs",
        value=lambda c, q: modes(c)(q),
    ),
    Fault(
        name="each agent's likeliest action, with the entropy",
        formula="r + γ E[Q(s', argmax π) + α H]",
        phrase=MODES + ", but with the entropy",
        look_for="the same",
        value=lambda c, q: modes(c)(q) + c.bonus,
        entropy=True,
    ),
    Fault(
        name="the maximum over joint actions",
        formula="r + γ E[max_b Q(s', b)]",
        phrase=LARGEST,
        look_for="`max` where the mean over the policy belongs",
        value=lambda c, q: largest(c, q),
        reports=("moskomule/pytorch.rl.learning#1",),
    ),
    Fault(
        name="the maximum over joint actions, with the entropy",
        formula="r + γ E[max_b Q(s', b) + α H]",
        phrase=LARGEST + ", but with the entropy",
        look_for="the same",
        value=lambda c, q: largest(c, q) + c.bonus,
        entropy=True,
    ),
    Fault(
        name="π in place of log π",
        formula="r + γ E[Q(s', b) − α π(b)]",
        phrase=NO_LOG,
        look_for="`probs` for `log_probs` in the entropy",
        made=STEPS,
        value=lambda c, q: c.expected(q) + without_log(c),
        entropy=True,
    ),
    Fault(
        name="entropies one step early",
        formula="r + γ (α H(π(s)) + E[Q(s', b)])",
        phrase=EARLY,
        look_for="the entropy of `obs` added where that of `next_obs` belongs",
        made=STEPS,
        value=lambda c, q: c.expected(q),
        backup=lambda c, q: c.backup(c.expected(q)) + c.game.discount * c.bonus[..., None],
        entropy=True,
        reports=("coax-dev/coax#7",),
    ),
    Fault(
        name="entropies one step early, not discounted",
        formula="r + α H(π(s)) + γ E[Q(s', b)]",
        phrase=EARLY + UNDISCOUNTED,
        look_for="an entropy bonus that is added to the reward",
        made=STEPS,
        value=lambda c, q: c.expected(q),
        backup=lambda c, q: c.backup(c.expected(q)) + c.bonus[..., None],
        entropy=True,
        of_critic="with the entropy of the present state",
        of_values="right",
    ),
    Fault(
        name="log π of the present action",
        formula="r + γ (−α log π(a|s) + E[Q(s', b)])",
        phrase=EARLY_LOG,
        look_for="`log_prob` of the stored action where that of the next one belongs",
        made=STEPS,
        value=lambda c, q: c.expected(q),
        backup=lambda c, q: c.backup(c.expected(q)) + c.game.discount * minus_logs(c),
        entropy=True,
        of_values=EARLY,
    ),
    Fault(
        name="log π of the present action, not discounted",
        formula="r − α log π(a|s) + γ E[Q(s', b)]",
        phrase=EARLY_LOG + UNDISCOUNTED,
        look_for="−α log π of the stored action that is added to the reward",
        made=STEPS,
        value=lambda c, q: c.expected(q),
        backup=lambda c, q: c.backup(c.expected(q)) + minus_logs(c),
        entropy=True,
        of_values="right",
    ),
    Fault(
        name="a state too late",
        formula="r + γ E[V(s'')]",
        phrase=LATE,
        look_for="an index that is off by one in a stored trajectory",
        backup=lambda c, q: c.backup(c.expected(c.ahead(c.soft(q)))),
        reports=("keraJLi/rejax#34",),
    ),
    Fault(
        name="Q of the present state at the actions of the next",
        formula="r + γ E[Q(s, b) + α H(π(s'))]",
        phrase=PRESENT,
        look_for="`q(s, a')` for `q(s', a')`",
        backup=of_present_state,
        reports=("seungeunrho/minimalRL#40", "google-research/recsim#26"),
    ),
    Fault(
        name="Q of the next state at the present actions",
        formula="r + γ E[Q(s', a) + α H(π(s'))]",
        phrase="with Q of the next state, at the present actions",
        look_for="stored actions in the target",
        backup=lambda c, q: c.backup(c.bonus) + c.game.discount * np.einsum("sat,...ta->...sa", c.P, q),
        reports=("ooples/AiDotNet#481",),
    ),
    Fault(
        name="Q of the next state at actions for the present one",
        formula="r + γ E[Σ_b π(b|s) Q(s', b) + α H(π(s'))]",
        phrase="with Q of the next state, at actions that are drawn for the present one",
        look_for="`actor(obs)` for `actor(next_obs)`",
        backup=lambda c, q: c.backup(c.bonus) + c.game.discount * np.einsum("sat,sb,...tb->...sa", c.P, c.w_sa, q),
        reports=("siddhanthaldar/ROT#2",),
    ),
    Fault(
        name="the next step's reward",
        formula="E[r(s', b)] + γ E[V(s')]",
        phrase=NEXT_REWARD,
        look_for="rewards and states that are stored one step apart",
        made=STEPS,
        backup=lambda c, q: c.ahead(c.expected(c.r) + c.game.discount * c.soft(q)),
        reports=("conglu1997/v-d4rl#8",),
    ),
    Fault(
        name="a bootstrap that a share of the steps loses",
        formula="r + γ (1 − share) E[V(s')]",
        phrase=ENDS,
        look_for="a time limit that is stored as an end of the episode",
        made=STEPS,
        backup=lambda c, q: c.backup(0.9 * c.soft(q)),
        reports=("DLR-RM/stable-baselines3#284", "hill-a/stable-baselines#1004"),
    ),
    Fault(
        name="standardised rewards",
        formula="(r − mean)/deviation + γ E[V(s')]",
        phrase="with standardised rewards, (r − {mean_reward:.6g})/{deviation:.6g}",
        look_for="`rewards = (rewards - rewards.mean()) / rewards.std()`",
        made=STEPS,
        backup=lambda c, q: c.backup(c.soft(q)) - c.r + standardised(c),
        reports=("uoe-agents/epymarl#10",),
    ),
    Fault(
        name="two agents' actions exchanged in Q",
        formula="r + γ E[Q(s', b², b¹) + α H]",
        phrase="with Q at the actions of agents 0 and 2 exchanged",
        look_for="actions that are concatenated in another order than in training",
        value=lambda c, q: mean(exchanged(c.policy), q) + c.bonus,
    ),
    Fault(
        name="uniform actions in place of the policy's",
        formula="r + γ E[(1/A) Σ_b Q(s', b) + α H]",
        phrase="with the mean over uniform actions in place of the policy's",
        look_for="an unweighted mean; random actions of a buffer",
        value=lambda c, q: mean(uniform_policy(c.game), q) + c.bonus,
        entropy=True,
    ),
    Fault(
        name="the uniform policy",
        formula="r + γ E_u[Q(s', b) − α log u(b)]",
        phrase="with the uniform policy in place of the given one",
        look_for="a policy that is not loaded",
        value=lambda c, q: mean(uniform_policy(c.game), q) + c.bonus_of(uniform_policy(c.game)),
    ),
    Fault(
        name="a stale policy (where `earlier_policy` is given)",
        formula="r + γ E_ρ[Q(s', b) − α log ρ(b)]",
        phrase="with the earlier policy in place of the present one",
        look_for="a target that is computed before the actors are updated",
        value=lambda c, q: mean(c.earlier, q) + c.bonus_of(c.earlier),
    ),
    Fault(
        name="actions of a stale policy, entropy of the present one",
        formula="r + γ E_ρ[Q(s', b)] + γ α E[H(π(s'))]",
        phrase="with the actions of the earlier policy, but the entropy of the present one",
        look_for="next actions that were stored",
        value=lambda c, q: mean(c.earlier, q) + c.bonus,
        entropy=True,
    ),
    Fault(
        name="the entropy of a stale policy",
        formula="r + γ E_π[Q(s', b)] + γ α E[H(ρ(s'))]",
        phrase="with the entropy of the earlier policy, but the actions of the present one",
        look_for="stored log-probabilities",
        value=lambda c, q: c.expected(q) + c.bonus_of(c.earlier),
        entropy=True,
    ),
    Fault(
        name="two agents' values exchanged in the bootstrap",
        formula="r¹ + γ E[V²(s')]",
        phrase="with the bootstrap of agents 0 and 1 from each other's values",
        look_for="an agent's index that is lost in a list of critics",
        backup=lambda c, q: c.backup(c.soft(q)[[1, 0, 2]]),
        agents=True,
    ),
    Fault(
        name="two agents' results exchanged",
        formula="y² for y¹",
        phrase="with the values of agents 0 and 1 exchanged",
        look_for="rewards in another order than agents",
        made=PLACE,
        place=lambda c, x: x[[1, 0, 2]],
        agents=True,
        reports=("HumanCompatibleAI/overcooked_ai#131",),
    ),
    Fault(
        name="two agents' actions exchanged in the result",
        formula="y(s, a², a¹)",
        phrase="with the actions of agents 0 and 2 exchanged",
        look_for="axes in another order",
        made=PLACE,
        place=lambda c, x: x if x.shape[-1] == 1 else backwards(c, x),
        of_values="right",
    ),
    Fault(
        name="joint actions in another order",
        formula="y(s, τ(a))",
        phrase="with the joint actions in another order: (0, 0, 1) where (0, 0, 0) belongs",
        look_for="a table of joint actions that is made twice",
        made=PLACE,
        place=lambda c, x: np.roll(x, -1, axis=-1),
        of_values="right",
    ),
    Fault(
        name="states in another order",
        formula="y(σ(s), a)",
        phrase="with the states in another order: 1 where 0 belongs",
        look_for="an index of states that is made twice; a batch that is reshaped, not transposed",
        made=PLACE,
        place=lambda c, x: np.roll(x, -1, axis=-2),
        reports=("pytorch/rl#2086",),
    ),
)


OTHERS = (
    Listed(
        name="γ in place of γⁿ",
        formula="r + … + γ E[V(s_n)]",
        phrase="with the bootstrap discounted by γ in place of γ^{n}",
        look_for="a line of a one-step target that n-step rewards are put into",
        reports=(
            "jakegrigsby/AdvancedPacmanDQNs#2",
            "qfettes/DeepRL-Tutorials#1",
            "HorizonRobotics/SocialRobot#8",
            "younggyoseo/FastTD3#7",
        ),
    ),
    Listed(
        name="γⁿ for fewer steps",
        formula="r + … + γⁿ E[V(s_k)], k < n",
        phrase="of {k} steps, but with the bootstrap discounted by γ^{n}",
        look_for="`gamma ** n` where an episode or a batch has ended before n steps",
        reports=("ray-project/ray#4626",),
    ),
    Listed(
        name="1 − λ in place of λ",
        formula="λ and 1 − λ exchanged in a trace",
        phrase="with 1 − λ = {other:g} in place of λ",
        look_for="two conventions of λ",
    ),
    Listed(
        name="no entropy of the steps in between",
        formula="r + Σ γ^t r_t + γⁿ E[V(s_n)]",
        phrase="without the entropy of {steps}",
        look_for="an entropy that is added to the bootstrap alone",
        reports=("HorizonRobotics/alf#829",),
    ),
    Listed(
        name="no entropy",
        formula="r + γ E[Q(s', b)]",
        phrase="without any entropy",
        look_for="a target of a plain critic",
        reports=("rail-berkeley/rlkit#43",),
    ),
    Listed(
        name="an entropy that is not discounted",
        formula="r + γ E[Q(s', b)] + α E[H(π(s'))]",
        phrase="with the entropy discounted one step too little, as aorpo Eq. 5 prints it",
        look_for="−α log π outside of the brackets that γ stands before",
        reports=("rail-berkeley/serl#93",),
    ),
    Listed(
        name="the entropy of terminal states",
        formula="r + γ ((1 − done) E[Q(s', b)] + α E[H(π(s'))])",
        phrase="with the entropy of terminal states, in which nothing is played",
        look_for="`1 - done` times Q, but not times −α log π",
        reports=("DLR-RM/stable-baselines3#76",),
    ),
    Listed(
        name="returns across a time limit",
        formula="rewards of the next episode after a cut",
        phrase="with returns that run on where `truncated` says that a time limit cuts them",
        look_for="n steps, or a trace, across two episodes of a buffer",
        reports=("tensorflow/agents#939",),
    ),
    Listed(
        name="unavailable actions in the maximum",
        formula="r + γ E[max over all b of Q(s', b)]",
        phrase="with the maximum over unavailable actions too in place of the mean",
        look_for="a mask of `obs` that is not applied for `next_obs`",
        reports=("thu-ml/tianshou#309",),
    ),
    Listed(
        name="twin critics joined in another way",
        formula="r + γ E[Q_1(s', b) − α log π(b)], or a mean or maximum over critics",
        phrase="with {which} alone, not the minimum of the critics",
        look_for="a second critic that is computed and not used",
        reports=("ray-project/ray#7354",),
    ),
)
"""Faults that are no wrong backup of their own, or whose tests stand elsewhere; the page lists them, too."""


def faults(entropy, structure="common-payoff"):
    """The faults that can be made with this entropy and this kind of game."""
    several = structure == "general-sum" or entropy == "own"
    return [f for f in FAULTS if (entropy != "none" or not f.entropy) and (several or not f.agents)]


class Faulty:
    """A critic that makes one fault."""

    def __init__(self, fault, game, policy, temperature, entropy, earlier=None):
        self.right = Critic(game, policy, temperature, entropy)
        self.right.policy, self.right.earlier = policy, earlier
        self.fault, self.policy, self.temperature = fault, policy, temperature
        self.kind = {"policy": policy, "temperature": temperature, "entropy": entropy}
        if "earlier policy" in fault.phrase:
            self.kind["earlier_policy"] = earlier

    def phrase(self, array="target", steps=1):
        """What is said of a target, or of the "q" or "v" of a critic that learned from one-step targets."""
        said = self.fault.phrase
        if array in ("q", "v") and self.fault.of_critic:
            said = self.fault.of_critic
        if array == "v" and self.fault.of_values:
            said = self.fault.of_values
        if said == PRESENT and array == "target" and steps > 1:
            said = "with Q of the state before the last, at the actions of the one they bootstrap from"
        rewards = paid(self.right)
        what = "π Q" if self.right.entropy == "none" else "π (Q − α log π)"
        numbers = {"mean_reward": rewards.mean(), "deviation": rewards.std()}
        return said.format(mean=what, actions=self.right.game.num_joint_actions, **numbers).replace("− -", "+ ")

    def value(self, q):
        """V that this critic has of its Q, (…, S, A); both are in their wrong place where that is the fault."""
        wrong = self.fault.value(self.right, q) if self.fault.value else self.right.soft(q)
        return np.where(self.right.game.terminal, 0.0, np.broadcast_to(wrong, q.shape[:-1]))

    def backup(self, q):
        q = np.where(self.right.counts, q, 0.0)
        if self.fault.backup:
            return np.where(self.right.counts, self.fault.backup(self.right, q), 0.0)
        return self.right.backup(self.value(q)) if self.fault.value else self.right_backup(q)

    def right_backup(self, q):
        return self.right.backup(self.right.soft(q))

    def placed(self, q):
        return self.fault.place(self.right, q) if self.fault.place else q

    @cached_property
    def ended(self):
        """Q where the repetition of the wrong backup ends, in the right place."""
        γ, q = self.right.game.discount, np.zeros(self.shape)
        for _ in range(1 if γ == 0 else 300 if γ == 1 else int(np.ceil(np.log(1e-14) / np.log(γ)))):
            q = self.backup(q)  # where γ is 1 play has ended by then in games that end with probability 0.15
        return q

    def q(self):
        """The critic's Q, (…, S, A)."""
        return self.placed(self.ended)

    def v(self):
        """The critic's V, (…, S)."""
        v = self.value(self.ended)
        if self.fault.place is None:
            return v
        return self.fault.place(self.right, v[..., None])[..., 0]

    @property
    def shape(self):
        return np.broadcast_shapes(self.right.r.shape, (*self.right.bonus.shape, 1))

    def targets(self, q, steps):
        """The targets of 1 … `steps` steps."""
        found = [self.backup(q)]
        for _ in range(steps - 1):
            found.append((self.backup if self.fault.made == STEPS else self.right_backup)(found[-1]))
        return found

    def target(self, q, steps=1, trace_decay=None):
        """The target from q (…, S, A), shaped as the game's q."""
        if trace_decay is None:
            return self.right.shaped(self.placed(self.targets(q, steps)[-1]))
        weights = (1 - trace_decay) * trace_decay ** np.arange(110)  # 0.7^110 is rounding
        mixed = sum(w * y for w, y in zip(weights, self.targets(q, 110), strict=True))
        return self.right.shaped(self.placed(mixed))
