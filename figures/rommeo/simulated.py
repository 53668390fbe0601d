"""The simulations behind ROMMEO's Figure 1, in parts: functions of a learner, settings and seeds, and nothing else.

They stand apart from what is made of them, so that parts which are kept stay valid when notes change.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.figures.rommeo.readings import ALMOST_1, READINGS, annealed, common, learn
from mathrl.games import load
from mathrl.learners import Schedule

__all__ = ["EPISODES", "EXPLORATION", "INITIAL", "STEPS", "TEMPERATURES", "WINDOWS", "opened", "simulated", "thinking"]

EPISODES = 300
"""As many as the figure's axis shows, in the authors' PDF."""

STEPS = {"1/(1+t/10000)": ALMOST_1, "0.5": 0.5, "0.1": 0.1}
TEMPERATURES = {
    "1": 1.0,
    "20 e^-t/10 + 0.1": annealed(20.0),
    "500 e^-t/10 + 0.1": annealed(500.0),
    "500 e^-t/10 + 1": annealed(500.0, 1.0),
    "16 · 0.9^t + 0.1": Schedule(16.0, rate=0.9, floor=0.1),
}
INITIAL = {"0 to 1": (0.0, 1.0), "12": (12.0, 12.0), "-31": (-31.0, -31.0)}
"""Q at first: as in the authors' code; above all payoffs; below all."""

EXPLORATION = {"0": 0.0, "0.1": 0.1}
WINDOWS = {"50": 50, "all": None}


def simulated(part: Mapping[str, Any]) -> dict[str, Any]:
    """One part: the runs of some seeds of one learner under one reading. What comes back is an array (runs, times).

    `aa`       P(A,A) at the episodes that the part names
    `reward`   agent 1's mean reward in the ten episodes before
    """
    record = part["record"]
    around = sorted({max(0, t - 10) for t in record} | set(record))
    found = learn(
        load("climbing"), _settings(part), episodes=max(record), record=around, seed=part["seed"],
        seeds=range(part["first"], part["first"] + part["runs"]),
    )  # fmt: skip
    at = [int(np.flatnonzero(found.episodes == t)[0]) for t in record]
    ends = np.cumsum(found.rewards[:, :, 0] * np.diff(found.episodes), axis=1)
    total = np.concatenate([np.zeros((len(ends), 1)), ends], axis=1)
    before = [int(np.flatnonzero(found.episodes == max(0, t - 10))[0]) for t in record]
    length = np.array([t - max(0, t - 10) for t in record])
    return {"aa": found.played(0, 0)[:, at], "reward": (total[:, at] - total[:, before]) / np.maximum(length, 1)}


def _settings(part: Mapping[str, Any]) -> Any:
    if "reading" in part:
        return READINGS[part["reading"]][part["learner"]]
    return common(**opened(*part["open"]))[part["learner"]]


def opened(step: str, temperature: str, initial: str, exploration: str, window: str) -> dict[str, Any]:
    """What is left open, from the names of the choices: arguments of `common`."""
    return {
        "step": STEPS[step],
        "temperature": TEMPERATURES[temperature],
        "initial_q": INITIAL[initial],
        "exploration": EXPLORATION[exploration],
        "window": WINDOWS[window],
    }


def thinking(part: Mapping[str, Any]) -> dict[str, Any]:
    """One part of Figure 1c, for ROMMEO-Q's runs: numbers of each run and agent i, (runs, 2).

    `ends`      whether P(A,A) > 1/2 at the end (for both agents the same)
    `model`     the first episode from which on agent i's model ρ^i has P(A) > 1/2 until the end; −1 if none
    `policy`    the same for the other agent's policy
    `observed`  the same for what agent i observed of the other
    `least`     the least P(A) of the other agent's policy in the first 50 episodes, over that at first
    `modelled`  the same of agent i's model
    """
    found = learn(
        load("climbing"), READINGS[part["reading"]]["ROMMEO-Q"], episodes=EPISODES, seed=part["seed"],
        seeds=range(part["first"], part["first"] + part["runs"]),
    )  # fmt: skip
    assert found.models is not None
    assert found.observed is not None
    aa = found.played(0, 0)[:, -1]
    columns: dict[str, list[FloatArray]] = {"model": [], "policy": [], "observed": [], "least": [], "modelled": []}
    for i in range(2):
        theirs, model = found.policy[1 - i][:, :, 0, 0], found.models[i][:, :, 0, 0]
        columns["model"].append(_settled(model))
        columns["observed"].append(_settled(found.observed[i][:, :, 0, 0]))
        columns["policy"].append(_settled(theirs))
        columns["least"].append(theirs[:, :51].min(axis=1) / theirs[:, 0])
        columns["modelled"].append(model[:, :51].min(axis=1) / model[:, 0])
    stacked = {name: np.stack(own, axis=1) for name, own in columns.items()}
    return {"ends": np.stack([aa > 0.5, aa > 0.5], axis=1), **stacked}


def _settled(p: FloatArray) -> FloatArray:
    """(runs, times) → (runs,): from when on p > 1/2 to the end; −1 where it is not at the end."""
    above = p > 0.5
    last_below = np.where(above, -1, np.arange(p.shape[1])).max(axis=1)
    return np.where(above[:, -1], last_below + 1.0, -1.0)
