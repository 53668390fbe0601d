"""Tables and figures of Soft-QMIX that are not computed here, with what they would take."""

from mathrl.base.reproduction import unavailable

__all__ = ["ENTRIES"]

_CHOSEN = "nothing, as these are settings that were chosen"

ENTRIES = {
    "figure-1": (
        "how Soft-QMIX joins QMIX and maximum-entropy learning",
        "nothing, as it is a drawing of the method, without numbers",
    ),
    "figure-2": ("the architecture of the networks", "nothing, as it is a drawing of the networks, without numbers"),
    "figure-3": (
        "win rates of Soft-QMIX, QMIX, MAPPO, FOP and HASAC in six SMACv2 scenarios",
        "networks in SMACv2, which runs StarCraft II: five algorithms in six scenarios, 10 million steps a run, 5 "
        "seeds (3 of HASAC); settings in Tables 6 to 10",
    ),
    "figure-4": (
        "the architecture of the networks, and of the functions f, g and the mixer",
        "nothing, as it is a drawing of the networks, without numbers",
    ),
    "table-5": ("sizes of the hyper-networks of the mixer, g and f", _CHOSEN),
    "table-6": ("hyperparameters of MAPPO in SMACv2", _CHOSEN),
    "table-7": ("hyperparameters of HASAC in SMACv2", _CHOSEN),
    "table-8": (
        "hyperparameters of QMIX in SMACv2 and MPE",
        f"{_CHOSEN}; t_max is 1,005,000, where the text has 10 million steps",
    ),
    "table-9": ("the temperatures of Soft-QMIX in SMACv2", f"{_CHOSEN}; all others are those of Table 8"),
    "table-10": (
        "hyperparameters of FOP in SMACv2",
        f"{_CHOSEN}; t_max is 1,005,000, where the text has 10 million steps",
    ),
}
"""What stands after "soft-qmix-" in the id → caption and needs."""

for _name, (_caption, _needs) in ENTRIES.items():
    unavailable(f"soft-qmix-{_name}", caption=_caption, needs=_needs)
