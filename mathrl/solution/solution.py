"""What a solver returns: the answer, how good it is, and how it was obtained."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from mathrl.base.archived import arrays_in, from_arrays, save
from mathrl.base.checks import FloatArray, InvalidInput, fail
from mathrl.base.files import as_path, read
from mathrl.base.stored import (
    INTEGER,
    NUMBER,
    TEXT,
    Form,
    array,
    array_with_gaps,
    arrays,
    arrays_with_gaps,
    check_field,
    nested,
    number_or_array,
    optional,
    read_fields,
    stored,
    written_fields,
)
from mathrl.equations import Equation, named
from mathrl.games.availability import joint
from mathrl.games.naming import ActionNames, checked_action_names, checked_agent_names, checked_state_texts
from mathrl.games.policies import Policy
from mathrl.iteration.outcome import Status
from mathrl.solution import parameters as solver_parameters
from mathrl.solution.branch_path import BranchPath
from mathrl.solution.frozen import frozen
from mathrl.solution.text import solution_text

__all__ = ["NotConverged", "Solution", "json_in"]

_EXPECTED = "a solution written by save"
_EQUATION = Form(read=lambda name: named(name), write=lambda equation: None if equation is None else equation.name)
_STATUS = Form(read=lambda name: Status[name], write=lambda status: status.name)
_PARAMETERS = Form(solver_parameters.read, solver_parameters.written)
_JOINT_POLICY = optional(array("S A", "n S A", sums_to_1_over="A"))
_CONDITIONAL_POLICY = optional(arrays("S A_i B_i", sums_to_1_over="A_i"))
_NAMES = Form(lambda names: None if names is None else tuple(names))
_ACTION_NAMES = Form(
    lambda names: None if names is None else tuple(own if own is None else tuple(own) for own in names)
)
_OPPONENT_MODEL = optional(arrays("S B_i", sums_to_1_over="B_i"))


class NotConverged(RuntimeError):
    """A solution was required to have converged and had not."""


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Solution:
    """The frozen answer of a solver; its arrays are read-only.

    `policy`          per agent (S, A_i), over S states and the agent's A_i actions; the marginals where `joint_policy`
                      is set
    `q`, `v`          exact values of that policy, (S, A_1, …, A_n) and (S,), a leading agent axis where agents differ;
                      with an opponent model or a joint policy those of it: what each agent expects, not what play earns
    `objective`       Σ_s start(s) V(s): a float, or (n,) with an agent axis
    `residual`        by how much `equation` fails, or a bound on it (see the solver's docstring)
    `rounding_floor`  the residual that rounding alone leaves (see below)
    `status`          a sentence; `converged` follows from it
    `steps`           how many steps were taken
    `equation`        what it solves: `equation.residual(game, solution)` computes the residual from the definition
    `temperature`     that of this answer, where the solver takes one; of several, its own
    `history`         one entry or one row per step (see the solver's docstring); empty for direct solves
    `solver`          the name of the solver
    `parameters`      what it was given: `solver(game, **parameters)` makes the same run again
    `detail`          more about the status, where there is more to say: which state and step, which period

    A rounding floor is about the residual that the exact answer itself shows in double precision: eps · max(1, ‖Q‖∞/α)
    for residuals in probabilities, eps · ‖Q‖∞ for residuals in values, with eps = 2⁻⁵² and the temperature α, unless
    the solver's docstring has another scale. The argument `tol` of the solvers is in these units: a run has converged
    when its residual is at most max(`tol`, 8) rounding floors. Where some numbers of the game are much larger than
    others, this is asked of every state, in floors of what is attained there (`mathrl.values.attained`): rewards that
    nobody takes and states that nobody reaches do not count. `rounding_floor` is then the largest floor of all states,
    that is how wrong the values of some state may be; where the run did not converge, it is the unit in which
    `residual` is as many floors as the worst state's residual is of its own.

    A common offset is a constant that is part of all rewards of an agent. Where no episode ends it changes no policy
    that is optimal or an equilibrium, but large numbers have fewer digits left for their differences. All solvers but
    `optimal` and `nash_q` (where what differs by rounding of the rewards given is a tie), `soft_qmix` and
    `soft_evaluation` solve such games without it where it exceeds 1,024 times the spread of the rewards, and then add
    what it is worth to q, v, the objective, and the objectives in `history`. `residual` is then that of the game
    without offset, and so are the rounding floors that `tol` counts. `rounding_floor` is still that of the q returned,
    whose digits the offset takes: where q is near 1e7 and α = 0.05, it is 4e-8. The policy is better than that.

    Where one rounding of Q is so many temperatures that it may move a probability by more than 2⁻²⁰, `haspi`, `qre`,
    `mehaml`, `soft_q_iteration`, `rommeo_q`, `rommeo_self_play`, `divergence_iteration` and
    `divergence_policy_iteration` solve the game again, with the values found as a potential
    (`mathrl.values.potentials`), and the same holds. `steps` and `history` are those of all these runs. An answer of
    which rounding may still move a probability by more than 0.01 has not converged, and this is its `residual`.

    The other fields are None except for the solvers that set them:

    `joint_policy`        (S, A_1, …, A_n), a correlated answer, with a leading agent axis where the agents' differ
    `conditional_policy`  per agent (S, A_i, B_i), π(a_i | s, a_{-i}), the others' B_i joint actions in C order
    `opponent_model`      per agent (S, B_i), ρ(a_{-i} | s)
    `q_tot`               (S, A_1, …, A_n), a mixed Q that is not the policy's own
    `individual_q`        per agent (S, A_i), local values that the agents maximise in greedy execution
    `period`              the number of steps after which a cycle returns
    `path`                the points of the branch that led here

    What the game calls its agents, actions and states is in `agent_names`, `action_names` and `state_names` (texts), as
    `Game` has it, and None where they have no names.
    """

    policy: Policy = field(metadata=stored(arrays("S A_i", sums_to_1_over="A_i")))
    q: FloatArray = field(metadata=stored(array_with_gaps("S A", "n S A")))
    v: FloatArray = field(metadata=stored(array("S", "n S")))
    objective: float | FloatArray = field(metadata=stored(number_or_array("n")))
    residual: float = field(metadata=stored(NUMBER))
    rounding_floor: float = field(metadata=stored(NUMBER))
    status: Status = field(metadata=stored(_STATUS))
    steps: int = field(metadata=stored(INTEGER))
    history: FloatArray = field(metadata=stored(array("steps", "steps row")))
    solver: str = field(metadata=stored(TEXT))
    parameters: Mapping[str, Any] = field(metadata=stored(_PARAMETERS))
    equation: Equation | None = field(default=None, metadata=stored(optional(_EQUATION), may_lack=True))
    temperature: float | None = field(default=None, metadata=stored(optional(NUMBER), may_lack=True))
    detail: str = field(default="", metadata=stored(TEXT))
    joint_policy: FloatArray | None = field(default=None, metadata=stored(_JOINT_POLICY))
    conditional_policy: Policy | None = field(default=None, metadata=stored(_CONDITIONAL_POLICY))
    opponent_model: Policy | None = field(default=None, metadata=stored(_OPPONENT_MODEL))
    q_tot: FloatArray | None = field(default=None, metadata=stored(optional(array_with_gaps("S A"))))
    individual_q: Policy | None = field(default=None, metadata=stored(optional(arrays_with_gaps("S A_i"))))
    period: int | None = field(default=None, metadata=stored(optional(INTEGER)))
    path: BranchPath | None = field(default=None, metadata=stored(optional(nested(BranchPath))))
    agent_names: tuple[str, ...] | None = field(default=None, metadata=stored(_NAMES, may_lack=True))
    action_names: ActionNames | None = field(default=None, metadata=stored(_ACTION_NAMES, may_lack=True))
    state_names: tuple[str, ...] | None = field(default=None, metadata=stored(_NAMES, may_lack=True))

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, (np.ndarray, tuple)):
                object.__setattr__(self, name, frozen(value))
        parameters = {name: frozen(value) for name, value in self.parameters.items()}
        object.__setattr__(self, "parameters", MappingProxyType(parameters))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the fields: the read-only view of `parameters` cannot be pickled itself."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return _solution, (values | {"parameters": dict(self.parameters)},)

    def __repr__(self) -> str:
        actions = "×".join(str(own.shape[1]) for own in self.policy)
        at = "" if self.temperature is None else f" at temperature {self.temperature:g}"
        objective = ", ".join(f"{float(value):.6g}" for value in np.atleast_1d(self.objective))
        states = len(self.policy[0])
        return (
            f"<Solution: {self.solver}{at}, {self.status.name} after {self.steps} steps, residual {self.residual:.2g}, "
            f"objective {objective}, policy of {states} state{'s' * (states > 1)} and {actions} actions>"
        )

    def __str__(self) -> str:
        """A table of the policy with its values, below what says how exact they are; cut off after 20 rows."""
        return solution_text(self)

    @property
    def converged(self) -> bool:
        """True where `status` is `CONVERGED`."""
        return self.status is Status.CONVERGED

    @property
    def message(self) -> str:
        """The sentence of the status, with the detail."""
        return f"{self.status} ({self.detail})" if self.detail else str(self.status)

    def require(self) -> Self:
        """Return this solution if it converged, else raise `NotConverged` with the residual it reached."""
        if not self.converged:
            raise NotConverged(f"{self.solver}: {self.message} (residual {self.residual:.3g} after {self.steps} steps)")
        return self

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON values, with `message` and `converged`; floats read back exactly."""
        return written_fields(self) | {"message": self.message, "converged": self.converged}

    def save(self, path: str | PathLike[str]) -> None:
        """Write this solution, whole or not at all: as a NumPy archive where `path` ends in .npz, else as JSON.

        An archive holds all arrays as they are. JSON is the form that `mathrl solve --format json` prints; it has null
        for numbers that are not finite. `save_solutions` writes several solutions into one file.
        """
        save(path, self, self.to_dict())

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a solution that `save` wrote, by the ending of its name; `ValueError` names what is broken in the file.

        `solver(game, **solution.parameters)` then makes the same run again. Files of older versions have no equation
        and no temperature: both are None then. Where q is −∞, at joint actions that are not available, JSON has null.
        `load_solutions` reads a file that holds several.
        """
        path = as_path("path", path)
        if path.suffix.lower() == ".npz":
            return read(path, lambda data: cls.from_arrays(arrays_in(data, _EXPECTED), "the archive"), _EXPECTED)
        return cls.from_dict(json_in(path), str(path))

    @classmethod
    def from_dict(cls, values: Any, source: str) -> Self:
        """The solution that `to_dict` gave; `ValueError` names `source` and the key that is broken."""
        if isinstance(values, list):
            found = f"holds a list of {len(values)}"
            fail(source, found, "one JSON object", "mathrl.solution.load_solutions reads lists of solutions")
        if not isinstance(values, dict):
            fail(source, f"holds a {type(values).__name__}", "one JSON object")
        return cls._checked(read_fields(cls, values, source, _EXPECTED), values, source)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], source: str) -> Self:
        """The solution that is in an archive of these arrays; `ValueError` names `source` and what is broken."""
        if "count" in arrays:
            found = f"holds {arrays['count']} solutions"
            fail(source, found, "one", "mathrl.solution.load_solutions reads all of them")
        return cls._checked(from_arrays(cls, arrays, source, _EXPECTED), {}, source)

    @classmethod
    def _checked(cls, values: dict[str, Any], said: Mapping[str, Any], source: str) -> Self:
        """The solution of these fields, if they fit each other and what a file says beside them."""
        found = cls(**values)
        _check_arrays(found, source)
        _check_numbers(found, said, source)
        return found


def json_in(path: Path) -> Any:
    """The values of a JSON file that is to hold solutions."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        fail(str(path), f"line {error.lineno}: {error.msg}", "JSON")
    except (OSError, UnicodeDecodeError) as error:
        fail(str(path), f"cannot be read ({error})", _EXPECTED)
    except (RecursionError, ValueError):  # brackets within brackets, or a number of thousands of digits
        fail(str(path), "holds JSON that is too deep, or numbers that are too long", _EXPECTED)


def _check_arrays(solution: Solution, source: str) -> None:
    """Require that the shapes of all arrays agree, and rows of probabilities; the policy sets the number of actions.

    Rows of policies must sum to 1 up to 1e-9, as everywhere in mathrl: it is far above what rounding leaves of a sum
    (2⁻⁵² times the number of actions), and far below what a changed or a rounded number does.
    """
    policy = solution.policy
    if not policy or not all(own.size for own in policy):
        fail(f"{source}: key 'policy'", "lacks probabilities", "one array (S, A_i) per agent")
    actions = tuple(own.shape[-1] for own in policy)
    joint = math.prod(actions)
    lengths = {
        "n": (len(policy),),
        "S": (len(policy[0]),),
        "A": actions,
        "steps": (solution.steps,),
        "row": solution.history.shape[1:2],
        "K": () if solution.path is None else (solution.path.rationality.size,),
    }
    of_agent = [{"A_i": (own,), "B_i": (joint // own,)} for own in actions]
    for item in fields(solution):
        check_field(item, getattr(solution, item.name), source, lengths, of_agent)
    for item in [] if solution.path is None else fields(solution.path):
        check_field(item, getattr(solution.path, item.name), f"{source}: key 'path'", lengths, of_agent)
    solver_parameters.check(solution.parameters, f"{source}: key 'parameters'", lengths, of_agent)
    if not np.ndim(solution.objective) == solution.v.ndim - 1 == solution.q.ndim - 1 - len(policy):
        found = f"have shapes {solution.q.shape}, {solution.v.shape} and {np.shape(solution.objective)}"
        fail(f"{source}: keys 'q', 'v' and 'objective'", found, "an agent axis in all of them or in none")
    _check_gaps(solution, f"{source}: key 'q'")
    _check_names(solution, source)


def _check_gaps(solution: Solution, where: str) -> None:
    """Require that q is −∞ only at joint actions with an action that is not available, and that none such is played."""
    gaps = np.isneginf(solution.q).reshape(-1, *solution.q.shape[-1 - len(solution.policy) :])
    if not gaps.any():
        return
    axes = range(1, gaps.ndim - 1)
    there = [~gaps[0].all(axis=tuple(other for other in axes if other != own)) for own in axes]
    played = [own & (policy > 0) for own, policy in zip(map(np.logical_not, there), solution.policy, strict=True)]
    if (gaps != ~joint(there)).any() or any(own.any() for own in played):
        mend = "null stands for −∞, where an agent's action is not available and its policy is 0"
        fail(where, "holds null", "numbers, or null at all joint actions with such an action", mend)


def _check_names(solution: Solution, source: str) -> None:
    """Require a text for each agent, action and state that has a name."""
    try:
        checked_agent_names(solution.agent_names, len(solution.policy))
        checked_action_names(solution.action_names, [own.shape[1] for own in solution.policy])
        checked_state_texts(solution.state_names, len(solution.policy[0]))
    except InvalidInput as error:
        raise InvalidInput(f"{source}: key {error}") from error


def _check_numbers(solution: Solution, values: Mapping[str, Any], source: str) -> None:
    """Require what a solver promises of its numbers: finite ones where it converged, and no negative residual."""
    for name in ("residual", "rounding_floor"):
        if getattr(solution, name) < 0:
            fail(f"{source}: key {name!r}", f"is {getattr(solution, name):g}", "a number >= 0")
    if values.get("converged", solution.converged) != solution.converged:
        fail(f"{source}: key 'converged'", f"is {values['converged']} beside {solution.status.name}", "the same answer")
    for name in ("v", "objective", "residual", "rounding_floor") if solution.converged else ():
        if not np.isfinite(getattr(solution, name)).all():
            fail(f"{source}: key {name!r}", "holds null beside CONVERGED", "finite numbers")


def _solution(values: dict[str, Any]) -> Solution:
    return Solution(**values)
