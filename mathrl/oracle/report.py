"""What `compare` finds: its numbers, and what each of them means."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from math import ceil, log10
from textwrap import fill
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import SIMPLEX_TOLERANCE, FloatArray
from mathrl.base.document import plain
from mathrl.base.render import render
from mathrl.base.table import Column, Table
from mathrl.games.naming import ActionNames, agent_label
from mathrl.oracle.entries import Entry, entry_table

__all__ = ["Measure", "Report"]

Measured = float | FloatArray | None


class Measure(NamedTuple):
    """One number of a report, and what it says.

    `name`     the attribute of the report
    `value`    the number, or (n,) where each agent has its own
    `meaning`  what it means
    `method`   how it is computed, and how exact it is
    """

    name: str
    value: float | FloatArray
    meaning: str
    method: str


_MEASURES = (
    (
        "soft_bellman_residual",
        "max |Γ_π q − q|: how far q is from its own one-step targets",
        "one pass over the transitions, exact to rounding; over all states and joint actions, also those never played",
    ),
    (
        "q_distance",
        "max |q − Q_π|: how far q is from the exact soft Q of the policy",
        "Q_π by one linear solve, itself within about {exact_error:.1g}",
    ),
    (
        "q_distance_bound",
        "the largest q_distance that this residual allows",
        "soft_bellman_residual/(1 − γ), as Γ_π is a γ-contraction; where γ is 1, times the longest expected play",
    ),
    (
        "v_bellman_residual",
        "max |T_π v − v|: how far v is from its own one-step targets",
        "T_π v = E_π[r + γ P v] + entropy, by one pass over the transitions, exact to rounding",
    ),
    (
        "v_distance",
        "max |v − V_π|: how far v is from the exact soft V of the policy",
        "V_π by one linear solve, itself within about {exact_error:.1g}",
    ),
    (
        "v_distance_bound",
        "the largest v_distance that this residual allows",
        "v_bellman_residual/(1 − γ), as T_π is a γ-contraction; where γ is 1, times the longest expected play",
    ),
    (
        "q_v_gap",
        "max |v − (E_π q + entropy)|: how far v is from what q says it is",
        "one pass over q, exact to rounding",
    ),
    (
        "actor_gap",
        "max |π − softmax(E[q]/α)|: how far each agent is from the soft-max of q",
        "E is over the other agents' policies; exact to rounding of q/α",
    ),
    (
        "qre_gap",
        "max |π − softmax(E[Q_π]/α)|: how far each agent is from a QRE",
        "Q_π by one linear solve, itself within about {exact_error:.1g}; over all states, also those never reached",
    ),
    (
        "exploitability",
        "what each agent gains by changing its policy alone, entropy counted",
        "soft-optimal responses to the others, agent by agent; true gains are up to about {response_error:.1g} more, "
        "and the value of the policy itself is within about {exact_error:.1g}",
    ),
    (
        "nash_exploitability",
        "the same in the plain return; 0 only at a Nash equilibrium",
        "optimal responses to the others, agent by agent; true gains are up to about {nash_response_error:.1g} more, "
        "and the value of the policy itself is within about {exact_error:.1g}",
    ),
    (
        "soft_return",
        "discounted rewards and entropies from the start, unnormalised",
        "Σ_s start(s) V_π(s), within about {exact_error:.1g}",
    ),
    (
        "plain_return",
        "discounted rewards alone from the start, unnormalised",
        "Σ_s start(s) V_π(s) without entropy, within about {exact_error:.1g}",
    ),
    (
        "optimality_residual",
        "max |T q − q|: how far q is from its own optimal one-step targets",
        "T q = r + γ P (soft) max q, by one pass over the transitions, exact to rounding",
    ),
    (
        "optimal_q_distance",
        "max |q − Q*|: how far q is from the exact optimum over joint policies",
        "Q*, soft unless entropy is none, by Newton's method, itself within about {exact_error:.1g}",
    ),
    (
        "optimal_v_distance",
        "max |v − V*|: how far v is from the exact optimum over joint policies",
        "V*, soft unless entropy is none, by Newton's method, itself within about {exact_error:.1g}",
    ),
)


_GAINS = {
    "exploitability": ("response_error", "soft_return"),
    "nash_exploitability": ("nash_response_error", "plain_return"),
}
"""For each gain, the names of what may be missing in it and of the return that it adds to."""

_NEGLIGIBLE = 1e-6
"""An error is rounding alone while it is below this share of the returns and the temperature together."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Report:
    """How far somebody's policy, q and v are from the exact ones.

    `print(report)` shows it, and `report.measures` explains each number. A number is None where it needs what was not
    given, and an array (n,) where each agent has its own. Γ_π and T_π are the soft Bellman operators of the policy, T
    is that of the optimum. What counts nowhere, for unavailable actions and in terminal states, is in no number, and
    1/(1 − γ) is the longest expected play where γ is 1. Where rewards are so large that rounding may hide a gain, the
    text says that the gain is not known, and how large it may be.

    `game`                   the game in a few words; `temperature` and `entropy` are as they were given
    `soft_bellman_residual`  max |Γ_π q − q|
    `q_distance`             max |q − Q_π|
    `q_distance_bound`       soft_bellman_residual/(1 − γ), the largest q_distance that it allows
    `v_bellman_residual`     max |T_π v − v|
    `v_distance`             max |v − V_π|
    `v_distance_bound`       v_bellman_residual/(1 − γ), the largest v_distance that it allows
    `q_v_gap`                max |v − (E_π q + entropy)|
    `actor_gap`              max |π − softmax(E[q]/α)|
    `qre_gap`                max |π − softmax(E[Q_π]/α)|
    `exploitability`         what each agent gains by deviating alone for good, entropy counted, (n,); never negative
    `nash_exploitability`    the same in the plain return, (n,)
    `soft_return`            discounted rewards and entropies from the start, not normalised
    `plain_return`           discounted rewards alone from the start, not normalised
    `optimality_residual`    max |T q − q|
    `optimal_q_distance`     max |q − Q*|
    `optimal_v_distance`     max |v − V*|
    `worst`                  the five worst entries of each of q, v and the policy, beside Q_π, V_π (or Q*, V*) and
                             softmax(E[Q_π]/α)
    `diagnosis`              a sentence for each of q and v that a known mistake explains
    `exact_error`            how inexact the exact values are at most
    `response_error`         how much may be missing in `exploitability`
    `nash_response_error`    how much may be missing in `nash_exploitability`
    `row_sums_off`           how far from 1 a row of the policy summed at most
    `agent_names`            what the game calls its agents, by which tables call them; None: by their numbers
    `action_names`           the same of each agent's actions
    `state_names`            the same of the states, of any type
    """

    game: str
    temperature: float
    entropy: str
    soft_bellman_residual: Measured = None
    q_distance: Measured = None
    q_distance_bound: Measured = None
    v_bellman_residual: Measured = None
    v_distance: Measured = None
    v_distance_bound: Measured = None
    q_v_gap: Measured = None
    actor_gap: Measured = None
    qre_gap: Measured = None
    exploitability: FloatArray | None = None
    nash_exploitability: FloatArray | None = None
    soft_return: Measured = None
    plain_return: Measured = None
    optimality_residual: float | None = None
    optimal_q_distance: float | None = None
    optimal_v_distance: float | None = None
    worst: tuple[Entry, ...] = ()
    diagnosis: tuple[str, ...] = ()
    exact_error: float
    response_error: float | None = None
    nash_response_error: float | None = None
    row_sums_off: float | None = None
    agent_names: tuple[str, ...] | None = None
    action_names: ActionNames | None = None
    state_names: tuple[Any, ...] | None = None

    def __post_init__(self) -> None:
        for item in fields(self):
            if isinstance(value := getattr(self, item.name), np.ndarray):
                value.flags.writeable = False

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The numbers that could be computed, each with its meaning, how it is computed and how exact it is."""
        values = vars(self)
        return tuple(
            Measure(name, values[name], meaning, method.format_map(values))
            for name, meaning, method in _MEASURES
            if values[name] is not None
        )

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values; floats read back exactly."""
        described = ("game", "temperature", "entropy", "row_sums_off")
        measures = {measure.name: plain(measure._asdict()) for measure in self.measures}
        worst = [plain(entry._asdict()) for entry in self.worst]
        return {name: plain(getattr(self, name)) for name in described} | {
            "measures": measures,
            "worst": worst,
            "diagnosis": [*self.diagnosis],
        }

    def __repr__(self) -> str:
        return f"<Report: {', '.join(f'{measure.name} {self._shown(measure)}' for measure in self.measures)}>"

    def __str__(self) -> str:
        errors = [self.exact_error, self.response_error, self.nash_response_error]
        inexact = max(error for error in errors if error is not None)
        returns = [np.abs(found).max() for found in (self.soft_return, self.plain_return) if found is not None]
        sizes = returns or [abs(entry.exact) for entry in self.worst]
        rounded = inexact <= _NEGLIGIBLE * (self.temperature + max(sizes, default=np.inf))
        known = f"the exact numbers are correct to within {_rounded_up(inexact):.0e}"
        if not rounded:
            known = f"the numbers are known to within {_rounded_up(inexact):.0e} only"
        exact = "exact" if rounded else "computed"
        columns = (
            Column("measure", lambda measure: measure.name),
            Column("value", self._shown, number=True),
            Column("meaning", lambda measure: measure.meaning.replace("exact", exact)),
        )
        parts = [
            f"{self.game}, temperature {self.temperature:g}, entropy {self.entropy}",
            render(Table(columns, self.measures)).rstrip("\n"),
            *self._unknown_gains(),
            *(fill(said.replace("the exact ones", f"the {exact} ones"), 120) for said in self.diagnosis),
            f"{known}; report.measures says how each number is computed",
        ]
        if self.row_sums_off is not None and self.row_sums_off > SIMPLEX_TOLERANCE:
            parts.append(f"rows of the policy summed to 1 only within {self.row_sums_off:.1g}, so they were normalised")
        names: dict[str, Any] = {kind: getattr(self, kind) for kind in ("agent_names", "action_names", "state_names")}
        for array in dict.fromkeys(entry.array for entry in self.worst):
            entries = [entry for entry in self.worst if entry.array == array]
            parts += ["", f"worst entries of {array}:", entry_table(entries, exact=exact, **names)]
        return "\n".join(parts)

    def _shown(self, measure: Measure) -> str:
        """A number, or one per agent, to four digits; "not known" for a gain that errors may hide."""
        numbers = np.atleast_1d(measure.value)
        hidden = self._hidden(measure.name) if measure.name in _GAINS else np.zeros(numbers.shape)
        shown = ["not known" if unknown else f"{number:.4g}" for number, unknown in zip(numbers, hidden, strict=True)]
        return ", ".join(shown)

    def _hidden(self, gain: str) -> npt.NDArray[np.bool_]:
        """For each agent, whether a gain is no larger than its error, and that is more than rounding leaves, (n,)."""
        gains, error, added_to = getattr(self, gain), self._gain_error(gain), getattr(self, _GAINS[gain][1])
        return np.asarray((gains <= error) & (error > _NEGLIGIBLE * (self.temperature + np.abs(added_to))))

    def _gain_error(self, gain: str) -> float:
        """How far a gain may be from the true one: by the errors of the two values that it is the difference of."""
        return float(self.exact_error + getattr(self, _GAINS[gain][0]))

    def _unknown_gains(self) -> Iterator[str]:
        """Yield a sentence for each kind of gain that errors hide."""
        for gain in _GAINS:
            agents = np.flatnonzero(self._hidden(gain)) if getattr(self, gain) is not None else np.array([])
            if agents.size:
                whose = f"agent{'s' * (agents.size > 1)} {', '.join(map(str, agents))}"
                if self.agent_names is not None:
                    whose = ", ".join(agent_label(self.agent_names, agent) for agent in agents)
                most = _rounded_up(self._gain_error(gain) + getattr(self, gain)[agents].max())
                yield f"{gain} of {whose} is not known: it may be anything from 0 to {most:.0e}"


def _rounded_up(error: float) -> float:
    """A power of ten above an error. A residual that is all rounding differs by a factor of up to about four."""
    return float(10.0 ** ceil(log10(4 * error))) if error else 0.0
