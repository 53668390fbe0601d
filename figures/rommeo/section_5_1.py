"""ROMMEO, Section 5.1: the climbing game as printed and in its classic form, with all Nash equilibria, in fractions."""

from fractions import Fraction
from itertools import product

from mathrl.base.printed import PaperValue
from mathrl.base.reproduction import Computed, exact
from mathrl.equilibria.nash.vertices import AllEquilibria, Equilibrium, all_equilibria
from mathrl.games import load

__all__ = ["ACTIONS", "GAMES", "equilibria", "payoffs", "section_5_1"]

ACTIONS = "ABC"
GAMES = {"as printed": "climbing-rommeo", "classic": "climbing"}
"""What is shown as what, and its name in the catalogue."""

PRINTED = {
    (a, b): pair
    for a, row in zip(
        ACTIONS,
        (("11 11", "-30 -30", "0 0"), ("-30 -30", "7 7", "6 6"), ("0 0", "0 0", "5 3")),
        strict=True,
    )
    for b, pair in zip(ACTIONS, row, strict=True)
}


@exact(
    "rommeo-section-5-1",
    caption="the climbing game as printed and in its classic form: payoffs, and all Nash equilibria",
    paper={
        **{f"payoffs to agent {i} at {a}": {b: PaperValue(PRINTED[a, b].split()[i - 1], exact=True) for b in ACTIONS}
           for i, a in product((1, 2), ACTIONS)},
        "as printed": {"equilibria": PaperValue("2", exact=True), "pure equilibria": PaperValue("2", exact=True)},
    },
)  # fmt: skip
def section_5_1() -> Computed:
    """The payoffs (rows: agent 1's action, columns: agent 2's), and each equilibrium with what it pays."""
    values: dict[tuple[str, str], float] = {}
    for i, (j, a), (k, b) in product((1, 2), enumerate(ACTIONS), enumerate(ACTIONS)):
        values[f"payoffs to agent {i} at {a}", b] = float(payoffs("as printed")[i - 1][j][k])
    found = {name: equilibria(name) for name in GAMES}
    for name, all_of_it in found.items():
        values[name, "equilibria"] = float(len(all_of_it.equilibria))
        values[name, "pure equilibria"] = float(sum(e.pure for e in all_of_it.equilibria))
        for number, equilibrium in enumerate(all_of_it.equilibria, 1):
            row = f"{name}: equilibrium {number}"
            for i, strategy in enumerate(equilibrium.strategies, 1):
                values |= {(row, f"agent {i} {a}"): float(p) for a, p in zip(ACTIONS, strategy, strict=True)}
                values[row, f"payoff {i}"] = float(equilibrium.payoffs[i - 1])
    return Computed(values, _notes(found))


def payoffs(name: str) -> tuple[list[list[Fraction]], list[list[Fraction]]]:
    """The payoffs of both agents in one of `GAMES`, rows by agent 1's action."""
    game = load(GAMES[name])
    rewards = [game.rewards] * 2 if game.common_payoff else list(game.rewards)
    tables = [[[Fraction(float(r)) for r in row] for row in own[0]] for own in rewards]
    return tables[0], tables[1]


def equilibria(name: str) -> AllEquilibria:
    """All Nash equilibria of one of `GAMES`."""
    return all_equilibria(*payoffs(name))


def _notes(found: dict[str, AllEquilibria]) -> tuple[str, ...]:
    mixed = {name: [e for e in all_of_it.equilibria if not e.pure] for name, all_of_it in found.items()}
    proved = all(all_of_it.nondegenerate for all_of_it in found.values())
    told = "; ".join(f"{name}: {_written(e)}" for name, own in mixed.items() for e in own)
    return (
        "equilibria: both games are nondegenerate, so each equilibrium is a pair of vertices of the best-response "
        "polyhedra, of which all are enumerated in fractions: there are no others"
        if proved
        else "equilibria: NOT proved to be all, as a game is degenerate",
        "the text's two equilibria, (A,A) and (B,B), are the pure ones. There is a mixed one besides, in which both "
        f"are paid less than at (B,B). {told}",
        "(C,C) pays (5,3) as printed and (5,5) in the game of Claus and Boutilier, 1998. The text calls the game fully "
        "cooperative, with a shared reward, and the authors' code (maci/environments/matrix_game.py) has 5 for both: 3 "
        "is a misprint. It changes nothing but the mixed equilibrium: (C,C) is none either way, as agent 1 gains by B",
    )


def _written(e: Equilibrium) -> str:
    x, y = (", ".join(str(p) for p in strategy) for strategy in e.strategies)
    return f"({x}) and ({y}), which pays {e.payoffs[0]} and {e.payoffs[1]}"
