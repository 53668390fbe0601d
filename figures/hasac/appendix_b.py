"""HASAC, Appendix B and Figure 6: the first updates of MAPPO, HAPPO and HASPI by hand, number by number."""

from itertools import product

import numpy as np

from mathrl.base.printed import PaperValue, Printed
from mathrl.base.reproduction import Computed, exact
from mathrl.figures.hasac.trust_region import End, advantages, coefficients, end, happo, mappo, maximisers, value
from mathrl.games import Game, as_policy, joint_policy, load
from mathrl.games.policies import Policy
from mathrl.operators import marginal_q

__all__ = ["INITIAL_POLICY", "appendix_b"]

INITIAL_POLICY = [[0.6, 0.2, 0.2]] * 2
ACTIONS = "ABC"

Values = dict[tuple[str, str], float]
Paper = dict[str, dict[str, str | Printed]]


def _whole(*numbers: int) -> list[Printed]:
    return [PaperValue(str(number), exact=True) for number in numbers]


def _row(heads: str, *numbers: str | Printed) -> dict[str, str | Printed]:
    return dict(zip(heads.split(), numbers, strict=True))


MAPPO_HEADS = "probability(A) probability(B) probability(C) advantage(A) advantage(B) advantage(C) divisor coefficient"
MAPPO_ROWS = {
    "A": ("0.36", "0.12", "0.12", "13.2", "-11.8", "-11.8", "0.6", "3.2"),
    "B": ("0.12", "0.04", "0.04", "-11.8", "18.2", "-11.8", "0.2", "-5.8"),
    "C": ("0.12", "0.04", "0.04", "-11.8", "-11.8", "28.2", "0.2", "-3.8"),
}
HAPPO_HEADS = "divisor p1 p2 p3 bound"
HAPPO_ROWS = {
    "A": ("0.6", "13.2", "-11.8", "-11.8", "> 3.2"),
    "B": ("0.2", "-11.8", "18.2", "-11.8", "< -5.8"),
    "C": ("0.2", "-11.8", "-11.8", "28.2", "< -3.8"),
}
SUMMANDS = {  # pairs of actions, probability of each, payoff
    "V: (A,A)": (*_whole(1), "0.36", *_whole(5)),
    "V: (B,B)": (*_whole(1), "0.04", *_whole(10)),
    "V: (C,C)": (*_whole(1), "0.04", *_whole(20)),
    "V: A with another": (*_whole(4), "0.12", *_whole(-20)),
    "V: B with C": (*_whole(2), "0.04", *_whole(-20)),
}
PAPER: Paper = {
    "V": _row("value", "-8.2"),
    **{summand: _row("pairs probability payoff", *numbers) for summand, numbers in SUMMANDS.items()},
    "Figure 6: agent 2 A": _row("A B C", "13.2", "-11.8", "-11.8"),
    "Figure 6: agent 2 B": _row("A B C", "-11.8", "18.2", "-11.8"),
    "Figure 6: agent 2 C": _row("A B C", "-11.8", "-11.8", "28.2"),
    **{f"MAPPO agent {i} {a}": _row(MAPPO_HEADS, *row) for i in (1, 2) for a, row in MAPPO_ROWS.items()},
    **{f"HAPPO agent 2 {a}": _row(HAPPO_HEADS, *row) for a, row in HAPPO_ROWS.items()},
    "HASPI agent 1": _row("p1 p2 p3", *_whole(-5, -14, -12)),
    **{f"{name} end, agent {i}": _row("A B C", *_whole(1, 0, 0)) for name in ("MAPPO", "HAPPO") for i in (1, 2)},
}


@exact(
    "hasac-appendix-b",
    caption="exact calculation of the matrix game: V, advantages (Figure 6), the first updates, and where they end",
    paper=PAPER,
)
def appendix_b() -> Computed:
    """Every number of Appendix B before Table 3."""
    game = load("hasac")
    old = as_policy(game, INITIAL_POLICY)
    ends = {"MAPPO": end(game, mappo, old), "HAPPO": end(game, happo, old)}
    values = _value_and_advantages(game, old) | _mappo(game, old) | _happo(game, old)
    values |= {("HASPI agent 1", f"p{j + 1}"): float(q) for j, q in enumerate(marginal_q(game.rewards, old, 0)[0])}
    values |= _ends(ends)
    return Computed(values, _notes(game, old, ends, values))


def _value_and_advantages(game: Game, old: Policy) -> Values:
    joint, payoff, advantage = joint_policy(old)[0], game.rewards[0], advantages(game, old)
    pairs = {name: [pair for pair in product(range(3), repeat=2) if _summand(pair) == name] for name in SUMMANDS}
    values = {("V", "value"): value(game, old)}
    for name, members in pairs.items():
        values |= {
            (name, "pairs"): float(len(members)),
            (name, "probability"): _common([joint[pair] for pair in members]),
            (name, "payoff"): _common([payoff[pair] for pair in members]),
        }
    for a, b in product(range(3), repeat=2):
        values[f"Figure 6: agent 2 {ACTIONS[b]}", ACTIONS[a]] = float(advantage[a, b])
    return values


def _summand(pair: tuple[int, ...]) -> str:
    a, b = sorted(pair)
    if a == b:
        return f"V: ({ACTIONS[a]},{ACTIONS[a]})"
    return "V: A with another" if a == 0 else "V: B with C"


def _common(numbers: list[float]) -> float:
    """The number that all of them are, up to rounding; NaN, which agrees with nothing, where they differ."""
    return float(numbers[0]) if np.allclose(numbers, numbers[0], rtol=1e-15, atol=0) else float("nan")


def _mappo(game: Game, old: Policy) -> Values:
    values: Values = {}
    for i in range(2):
        joint, advantage = (np.moveaxis(x, i, 0) for x in (joint_policy(old)[0], advantages(game, old)))
        c = coefficients(game, old, [None, None], i)
        for a, own in enumerate(ACTIONS):
            row = f"MAPPO agent {i + 1} {own}"
            values |= {(row, "divisor"): float(old[i][0, a]), (row, "coefficient"): float(c[a])}
            for b, other in enumerate(ACTIONS):
                values[row, f"probability({other})"] = float(joint[a, b])
                values[row, f"advantage({other})"] = float(advantage[a, b])
    return values


def _happo(game: Game, old: Policy) -> Values:
    """Agent 2's objective is linear in agent 1's new policy p: its forms are its values where p is a unit vector."""
    forms = np.stack([coefficients(game, old, [p[None], None], 1) for p in np.eye(3)], axis=1)
    values: Values = {}
    for a, own in enumerate(ACTIONS):
        row = f"HAPPO agent 2 {own}"
        at_vertices = _VERTICES @ forms[a]
        values |= {(row, f"p{j + 1}"): float(forms[a, j]) for j in range(3)}
        values[row, "divisor"] = float(old[1][0, a])
        values[row, "bound"] = float(at_vertices.min() if HAPPO_ROWS[own][-1].startswith(">") else at_vertices.max())
    return values


_VERTICES = np.array([[1.0, 0, 0], [0.8, 0.2, 0], [0.8, 0, 0.2], [0.6, 0.2, 0.2]])
"""Of the closure of {p in the simplex: p1 > 0.6, p2 < 0.2, p3 < 0.2}: a linear form has its extrema there."""


def _ends(ends: dict[str, End]) -> Values:
    values: Values = {}
    for name, reached in ends.items():
        for i, pi_sa in enumerate(reached.policy):
            values |= {(f"{name} end, agent {i + 1}", ACTIONS[a]): float(p) for a, p in enumerate(pi_sa[0])}
        values[f"{name} end", "updates"] = float(reached.updates)
    return values


def _tight(values: Values) -> int:
    """How many of the printed bounds are the infimum or supremum itself, up to rounding."""
    at = {own: values[f"HAPPO agent 2 {own}", "bound"] for own in HAPPO_ROWS}
    return sum(abs(at[own] - float(row[-1][1:])) <= 1e-12 for own, row in HAPPO_ROWS.items())


def _notes(game: Game, old: Policy, ends: dict[str, End], values: Values) -> tuple[str, ...]:
    final = ends["MAPPO"].policy
    ties = [maximisers(coefficients(game, final, [None, None], i)) for i in range(2)]
    unsampled = marginal_q(advantages(game, final)[None], final, 0)[0]
    first = ", ".join(f"{c:.3g}" for c in coefficients(game, old, [None, None], 0))
    return (
        "bounds: ours is the infimum (>) or the supremum (<) over p1 > 0.6, p2 < 0.2, p3 < 0.2. It is attained on the "
        f"boundary only, which does not belong to the set. {_tight(values)} of {len(HAPPO_ROWS)} printed bounds are "
        "equal to it: these strict bounds hold, and cannot be improved",
        f"updates: the objectives are linear in the new policy, so the policy that maximises them, with coefficients "
        f"({first}) at first, is deterministic. It is reached after {_updates(ends['MAPPO'])} of MAPPO and after "
        f"{_updates(ends['HAPPO'])} of HAPPO",
        f"ties: at the end {len(ties[0])} of {len(unsampled)} actions have the largest coefficient in Eq. 13 as "
        "printed. It averages over the actions that π_old takes; an action that π_old never takes has coefficient 0, "
        "and so has the one that π_old always takes. Of policies that maximise Eq. 13 an update here keeps the old "
        "one if it is among them. If the ratio is cancelled before the average is taken, the coefficients are "
        f"({', '.join(f'{c:.3g}' for c in unsampled)}), of which the largest is that of "
        f"{' and '.join(ACTIONS[a] for a in maximisers(unsampled))} alone",
    )


def _updates(end: End) -> str:
    return "1 update" if end.updates == 1 else f"{end.updates} updates"
