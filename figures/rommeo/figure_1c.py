"""ROMMEO, Figure 1c: whether ROMMEO-Q's opponent model knows that the other agent will play A before that agent does.

The game is that of `rommeo-figure-1a`; of each run there are two models, one of each agent, and what is told of a run
is the mean of both.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mathrl.base.checks import FloatArray
from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import Computed, Estimate, reproduction
from mathrl.base.runs import Runs
from mathrl.figures.deciding import above, share_decided
from mathrl.figures.rommeo.by_run import difference, mean, share
from mathrl.figures.rommeo.gathered import READ, SEEDS, drawn_too, gathered
from mathrl.figures.rommeo.simulated import EPISODES, thinking
from mathrl.figures.rommeo.words import number, told

__all__ = ["DROP", "DROP_OF_MODELS", "FIRST", "Thinking", "figure_1c", "thought"]

FIRST = "the model settles on A before the policy"
DROP = "P(A) of the policies drops at first"
DROP_OF_MODELS = "P(A) of the models drops at first"
"""What the text says."""

READINGS = ("ROMMEO-Q annealed", "none annealed", "each with its defaults")
"""Those among which ROMMEO-Q's settings differ."""


@dataclass(frozen=True)
class Thinking:
    """What is told of the runs of one reading that end at (A,A), each an estimate over them.

    `ends`      the share of all runs that do
    `before`    how often the model settles on A before the policy that it is of, and `after` how often after it
    `lead`      the difference of the two shares
    `ahead`     by how many episodes the model is ahead of the policy
    `drops`     how often P(A) of the policy falls below half of what it is at first, and `falls` that of the model
    `observed`  how often the model settles before what was observed, and `behind` how many episodes that is behind
    """

    ends: Estimate
    before: Estimate
    after: Estimate
    lead: Estimate
    ahead: Estimate
    drops: Estimate
    falls: Estimate
    observed: Estimate
    behind: Estimate


def thought(found: Mapping[str, FloatArray]) -> Thinking | None:
    """What is told of runs, the results of `simulated.thinking`; None where none ends at (A,A)."""
    ended = found["ends"][:, 0] > 0
    if not ended.any():
        return None
    model, policy, observed = (found[key][ended] for key in ("model", "policy", "observed"))
    drops, falls = (share((found[key][ended] < 0.5).mean(axis=1)) for key in ("least", "modelled"))
    before, after = (model < policy).mean(axis=1), (policy < model).mean(axis=1)
    return Thinking(
        ends=share(ended.astype(float)),
        before=share(before),
        after=share(after),
        lead=difference(before, after),
        ahead=mean((policy - model).mean(axis=1)),
        drops=drops,
        falls=falls,
        observed=share((model < observed).mean(axis=1)),
        behind=mean((observed - model).mean(axis=1)),
    )


@reproduction(
    "rommeo-figure-1c",
    kind="simulated",
    caption="whether ROMMEO-Q's opponent model thinks ahead: from when on each gives A more than 1/2, in runs that end "
    "at (A,A)",
    paper={"text": {said: PaperStatement() for said in (FIRST, DROP, DROP_OF_MODELS)}},
)
def figure_1c(seed: int, budget: str, runs: Runs) -> Computed:
    """Shares of the runs, by reading."""
    described = [{"reading": reading, "seed": seed, "record": [EPISODES]} for reading in READINGS]
    results = gathered(described, SEEDS[budget], runs, "rommeo-figure-1c", thinking)
    found = {reading: thought(result) for reading, result in zip(READINGS, results, strict=True)}
    values: dict[tuple[str, str], float | Estimate | None] = {}
    for reading, told_of in found.items():
        values |= {(reading, column): cell for column, cell in _columns(told_of).items()}
    ended = [one for one in found.values() if one is not None]
    values["text", FIRST] = share_decided(above(one.lead) for one in ended)
    values["text", DROP] = share_decided(above(one.drops, 0.5) for one in ended)
    values["text", DROP_OF_MODELS] = share_decided(above(one.falls, 0.5) for one in ended)
    return Computed(
        values,
        (
            *(f"{reading}: {_told(one)}" for reading, one in found.items()),
            READ,
            "settles on A: the first episode from which on it gives A more than 1/2 until the end. 'Before' is a share "
            "of the runs that end at (A,A), 'falls below half' that of them in which P(A) falls below half of its "
            "first value within 50 episodes; 'observed' is the frequency of A over the last 50 episodes",
            "text: 'opponent model “thinks ahead” of agent −i and converges to agent −i's optimal policy before agent "
            "−i itself converges to the optimal policy', and 'the big drop of P(A) for both policies and opponent "
            "models at the beginning' (5.1), of one run that is shown. Ours are the shares of the readings, 1 if all, "
            "in which the model settles on A before the policy more often than after it, in runs that end at (A,A), "
            "and in which P(A) of the policy, and of the model, falls below half in most of them: the interval of the "
            "difference of the two shares is above 0, and that of the share above 1/2",
            "the caption calls the other curve the observed frequency P^i, the text the other agent's policy; both "
            "are compared. Against the frequency a lead is no finding: it lags behind the policy that it counts",
            "of each run there are two models, whose mean is the run's number. Intervals: 95 %, those of shares and "
            "their differences Agresti and Min's with Student's t, others bootstrap",
            drawn_too("rommeo-figure-1c"),
        ),
    )


def _columns(one: Thinking | None) -> dict[str, Estimate | float]:
    if one is None:
        return {"ends at (A,A)": 0.0}
    return {
        "ends at (A,A)": one.ends,
        "model before policy": one.before,
        "policy before model": one.after,
        "model before policy, less policy before model": one.lead,
        "model ahead of policy, episodes": one.ahead,
        "P(A) of the policy falls below half": one.drops,
        "P(A) of the model falls below half": one.falls,
        "model before observed": one.observed,
        "model ahead of observed, episodes": one.behind,
    }


def _told(one: Thinking | None) -> str:
    if one is None:
        return "no run ends at (A,A)"
    words = {True: "more often", False: "NOT more often", None: "undecided"}
    most = {True: "most", False: "NOT most", None: "undecided"}
    before, after = (number(100 * part.value, ".1f") for part in (one.before, one.after))
    fall = (
        f"for the {name} in {number(100 * part.value, '.1f')} % ({number(100 * part.low, '.1f')} to "
        f"{number(100 * part.high, '.1f')}): {most[above(part, 0.5)]}"
        for name, part in (("policy", one.drops), ("model", one.falls))
    )
    return (
        f"in runs that end at (A,A) the model of the other agent settles on A before its policy does in {before} %, "
        f"after it in {after} %, a difference of {told(one.lead)}: {words[above(one.lead)]}; by "
        f"{number(one.ahead.value, '.1f')} episodes on average. P(A) falls below half {'; '.join(fall)}"
    )
