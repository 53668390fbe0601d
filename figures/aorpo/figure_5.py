"""AORPO, Figure 5: compounding error and communications over the rollout length, exactly, in a family of games.

The paper's curves are of two particle tasks with learned models, and no number of them is printed. Here the errors of
the models are set, and the same quantities follow without sampling; the verdict is on what the text says of the curves.
"""

import numpy as np

from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import Computed, exact
from mathrl.figures.aorpo.family import FEEDBACKS
from mathrl.figures.aorpo.schemes import DYNAMICS_ERROR, GAMES, LENGTHS, OPPONENT_ERRORS, SHOWN, measured, share

__all__ = ["NAMES", "figure_5"]

NAMES = {"simu-to-real": "adaptive", "all-model": "all models", "all-real": "all real"}
"""The three uses of models in Figure 5, and what they are called there."""

SAID = ("adaptive has less error than all models", "adaptive asks less than all real")
BOTH = "both kinds"
"""How many actions are asked depends on no game."""


@exact(
    "aorpo-figure-5",
    caption="compounding error and communications over the rollout length: an exact analogue in a family of games",
    paper={SAID[0]: {kind: PaperStatement() for kind in FEEDBACKS}, SAID[1]: {BOTH: PaperStatement()}},
)
def figure_5() -> Computed:
    """Means over the games at some lengths, and the shares of games and lengths in which the text's words hold."""
    values: dict[tuple[str, str], float] = {}
    fewer = {}
    for kind in FEEDBACKS:
        error, asked = measured(kind, "error"), measured(kind, "communications")
        differ = asked["simu-to-real"] > 0  # else the two schemes are one
        less = error["simu-to-real"] < error["all-model"]
        of_means = error["simu-to-real"].mean(axis=0) < error["all-model"].mean(axis=0)
        fewer[kind] = asked["simu-to-real"].mean(axis=0) < asked["all-real"].mean(axis=0)
        values[SAID[0], kind] = share(of_means[differ.all(axis=0)])
        values["less error, game by game", kind] = share(less[differ])
        for k in SHOWN:
            for scheme, name in NAMES.items():
                row = f"{kind}: {name}, k = {k}"
                values[row, "compounding error"] = float(error[scheme][:, LENGTHS.index(k)].mean())
                values[row, "actions asked"] = float(asked[scheme][:, LENGTHS.index(k)].mean())
    values[SAID[1], BOTH] = share(np.concatenate(list(fewer.values())))
    return Computed(values, NOTES)


NOTES = (
    "said: no number is printed; 1 stands for what the text says without exception: adaptive rollouts have 'lower "
    "model compounding error than rollout with all opponent models while reducing the number of interactions "
    "compared to rollout with real opponents' (6.3). Ours is the share of the lengths at which the mean over the "
    "games has it so; 'game by game' is the share of games and lengths. Exceptions are possible there: mistakes of "
    "two models may cancel, and a model that is less random than what it models has a smaller squared distance",
    f"games: {GAMES} of three agents that move a load along a line (`mathrl.figures.aorpo.family`). Models of the "
    f"opponents are off by total variation {OPPONENT_ERRORS[0]} and {OPPONENT_ERRORS[1]}, that of the dynamics by "
    f"{DYNAMICS_ERROR}, in every state but at the ends of the line. 'errors stay': the agents do not look where the "
    "load is, so that a mistake is never mended; 'errors fade': they lead it back half of the time",
    "compounding error: that of 6.3, the mean squared distance, in cells², of the real and the simulated load. Both "
    "are random, so that a perfect model has an error too",
    "actions asked: of real opponents in one rollout; all models ask none. Here adaptive rollouts follow Algorithm 1: "
    f"the better model acts in all k steps, the other in the first k·{OPPONENT_ERRORS[0] / OPPONENT_ERRORS[1]:g}, "
    "rounded down. So that adaptive asks less than all real is arithmetic of the lengths of Algorithm 1: it is the "
    "same in both kinds of games, cannot fail where a model acts at all, and is counted once",
)
