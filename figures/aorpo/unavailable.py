"""Figures of AORPO that are not computed here, with what they would take."""

from mathrl.base.reproduction import unavailable

__all__ = ["FIGURES"]

_TRAINED = (
    "networks for policies, opponent models and an ensemble of dynamics models in the Multi-Agent Particle "
    "Environment, episodes of 25 steps, 10 seeds; settings in Tables 1 and 2"
)

FIGURES = {
    "figure-1": (
        "the two parts of the sample complexity: of the dynamics and of the opponents",
        "nothing, as it is a drawing of how samples are counted, without numbers",
    ),
    "figure-2": (
        "adaptive opponent-wise rollouts, as the ego agent makes them",
        "nothing, as it is a drawing of the method, without numbers; `mathrl.bounds` computes such rollouts exactly",
    ),
    "figure-3": (
        "episode reward over interactions in Cooperative communication, navigation and scheduling: AORPO, AORDPG and "
        "the methods without a model",
        f"{_TRAINED}; 200 epochs of AORPO, AORDPG, MASAC and MADDPG in three scenarios",
    ),
    "figure-6": (
        "episode reward with adaptive rollouts, with opponent models alone, and with real opponents alone",
        f"{_TRAINED}; AORPO in Cooperative navigation at two rollout lengths, with each of the three uses of models",
    ),
    "figure-7": (
        "the Cooperative scheduling task",
        "nothing, as it is a drawing of the task, without numbers",
    ),
    "figure-10": (
        "two rollout schemes: opponent models first, or real opponents first",
        "nothing, as it is a drawing of the schemes, without numbers; `mathrl.bounds` computes both exactly",
    ),
    "figure-12": (
        "episode reward over interactions with the two rollout schemes, with a fixed dynamics model and k = 20",
        f"{_TRAINED}; AORPO with both schemes, in a task that the text does not name",
    ),
    "figure-13": (
        "episode reward with the two rollout schemes, k = 10",
        f"{_TRAINED}; AORPO with both schemes, in a task that the text does not name",
    ),
}
"""What stands after "aorpo-" in the id → caption and needs."""

for _name, (_caption, _needs) in FIGURES.items():
    unavailable(f"aorpo-{_name}", caption=_caption, needs=_needs)
