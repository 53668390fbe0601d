"""Tables and figures of HASAC that are not computed here, with what they would take."""

from mathrl.base.reproduction import unavailable

__all__ = ["ENTRIES"]

_SEEDS = "at least 4 seeds"

_HANDS = (
    f"networks in Bi-DexHands on the simulator Isaac Gym, which needs a GPU, {_SEEDS}; six algorithms, HASAC and HATD3 "
    "with the settings of Tables 4 to 6, the others with those of other papers; 10 million steps a run"
)
_MUJOCO = (
    f"networks in Multi-Agent MuJoCo, {_SEEDS}; the text gives no number of steps. Settings are in Tables 4 and 7 to 12"
)
_SMAC = f"networks in SMAC, which runs StarCraft II, {_SEEDS}"
_FOOTBALL = (
    f"networks in Google Research Football, {_SEEDS}, 20 million steps a run in one of the two tasks and 25 million in "
    "the other (H.2.4); HASAC with the settings of Tables 4, 15 and 16, HAPPO and MAPPO with those of other papers, "
    "from one of which the results of QMIX are taken"
)

_CHOSEN = "nothing, as these are settings that were chosen"

ENTRIES = {
    "figure-2": (
        "the probabilistic graphical model of cooperative learning",
        "nothing, as it is a drawing of what depends on what, without numbers",
    ),
    "figure-3b": ("returns over training in Bi-DexHands, Catch Abreast", _HANDS),
    "figure-3c": ("returns over training in Bi-DexHands, Two Catch Underarm", _HANDS),
    "figure-3d": ("returns over training in Bi-DexHands, Lift Underarm", _HANDS),
    "figure-3e": (
        "returns over training in Multi-Agent MuJoCo, one of the tasks of Figure 8",
        f"{_MUJOCO}; HASAC, HATD3, HAPPO and MAPPO",
    ),
    "figure-3f": (
        "returns over training in Multi-Agent MuJoCo, another of the tasks of Figure 8",
        f"{_MUJOCO}; HASAC, HATD3, HAPPO and MAPPO",
    ),
    "figure-3g": (
        "success over training in Google Research Football, one of the tasks of Figure 10",
        _FOOTBALL,
    ),
    "figure-3h": (
        "success over training in Google Research Football, the other of the tasks of Figure 10",
        _FOOTBALL,
    ),
    "figure-4a": (
        "returns of HASAC and of its deterministic variant in Multi-Agent MuJoCo, Ant-v2 4x2",
        f"{_MUJOCO}; HASAC and deterministic policies with Gaussian noise",
    ),
    "figure-7": (
        "returns over training in nine Bi-DexHands tasks",
        f"{_HANDS} in three of the tasks, while the text gives no number for the others",
    ),
    "figure-8": (
        "returns over training in ten Multi-Agent MuJoCo tasks",
        f"{_MUJOCO}; HASAC, HATD3, HAPPO and MAPPO in ten tasks",
    ),
    "figure-9": (
        "win rates over training in eight SMAC maps",
        f"{_SMAC}; eight maps, 10 to 40 million steps a run, as Table 1 says for each map; HASAC with the settings of "
        "Tables 4, 13 and 14, the others with those of other papers, from one of which the results of FOP are taken",
    ),
    "figure-10": (
        "success over training in two tasks of Google Research Football, and returns in one of the Light Aircraft Game",
        f"{_FOOTBALL}. In the Light Aircraft Game, two against two without weapons: HASAC, HAPPO and MAPPO, with the "
        "settings of Tables 4, 18 and 19; the text gives no number of steps",
    ),
    "figure-11": (
        "returns over training in six tasks of the Multi-Agent Particle Environment",
        f"networks in the Multi-Agent Particle Environment of PettingZoo, {_SEEDS}; the text gives no number of steps, "
        "and does not name the baselines. Settings of HASAC are in Tables 4 and 17",
    ),
    "table-2": ("acronyms", "nothing, as it has no numbers"),
    "table-4": ("hyperparameters that HASAC and HATD3 have in all environments", _CHOSEN),
    "table-5": ("hyperparameters of HASAC and HATD3 in all tasks of Bi-DexHands", _CHOSEN),
    "table-6": ("temperatures of HASAC in each task of Bi-DexHands", _CHOSEN),
    "table-7": ("hyperparameters of HASAC and HATD3 in all tasks of Multi-Agent MuJoCo", _CHOSEN),
    "table-8": ("hyperparameters of HATD3 alone in Multi-Agent MuJoCo", _CHOSEN),
    "table-9": ("the number of steps of HASAC's and HATD3's targets in Multi-Agent MuJoCo", _CHOSEN),
    "table-10": ("hyperparameters of HASAC in each task of Multi-Agent MuJoCo", _CHOSEN),
    "table-11": ("hyperparameters of HAPPO and MAPPO in all tasks of Multi-Agent MuJoCo", _CHOSEN),
    "table-12": ("hyperparameters of HAPPO and MAPPO in each task of Multi-Agent MuJoCo", _CHOSEN),
    "table-13": ("hyperparameters of HASAC in all maps of SMAC", _CHOSEN),
    "table-14": ("hyperparameters of HASAC in each map of SMAC", _CHOSEN),
    "table-15": ("hyperparameters of HASAC in both tasks of Google Research Football", _CHOSEN),
    "table-16": ("temperatures of HASAC in each task of Google Research Football", _CHOSEN),
    "table-17": ("hyperparameters of HASAC in the Multi-Agent Particle Environment", _CHOSEN),
    "table-18": ("hyperparameters of HASAC in the Light Aircraft Game", _CHOSEN),
    "table-19": ("hyperparameters of MAPPO and HAPPO in the Light Aircraft Game", _CHOSEN),
}
"""What stands after "hasac-" in the id → caption and needs."""

for _name, (_caption, _needs) in ENTRIES.items():
    unavailable(f"hasac-{_name}", caption=_caption, needs=_needs)
