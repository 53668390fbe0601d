"""ROMMEO, Section 5.1: the climbing game as printed and in its classic form, with all Nash equilibria, in fractions."""

from fractions import Fraction
from itertools import product

from mathrl.base.printed import PaperStatement, PaperValue
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

SAID = (
    "both are paid the same",
    "(A,A) and (B,B) are equilibria",
    "(A,A) alone is the optimum",
    "miscoordination costs least at C and most at A",
    "C is the safest action",
)


@exact(
    "rommeo-section-5-1",
    caption="the climbing game as printed and in its classic form: payoffs, and all Nash equilibria",
    paper={
        **{f"payoffs to agent {i} at {a}": {b: PaperValue(PRINTED[a, b].split()[i - 1], exact=True) for b in ACTIONS}
           for i, a in product((1, 2), ACTIONS)},
        "as printed": {"equilibria": PaperValue("2", exact=True)},
        "text": {said: PaperStatement() for said in SAID},
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
                values |= {(row, f"agent {i} plays {a}"): float(p) for a, p in zip(ACTIONS, strategy, strict=True)}
                values[row, f"agent {i} is paid"] = float(equilibrium.payoffs[i - 1])
    values |= {("text", said): share for said, share in zip(SAID, _statements(found["as printed"]), strict=True)}
    return Computed(values, _notes(found))


def _statements(found: AllEquilibria) -> tuple[float, ...]:
    """In which share of the cases each of `SAID` is so, in the game as printed."""
    first, second = payoffs("as printed")
    other = [list(column) for column in zip(*second, strict=True)]
    own = (first, other)  # each agent's payoffs, rows by its own action
    pure = _pure(found)
    same = [first[a][b] == second[a][b] for a, b in product(range(3), repeat=2)]
    best = [all(table[0][0] > r for a, row in enumerate(table) for b, r in enumerate(row) if a or b) for table in own]
    costs = [
        [statistic([row[a] - r for b, r in enumerate(row) if b != a]) for a, row in enumerate(table)]
        for table, statistic in product(own, (max, sum))
    ]
    least = [[min(row) for row in table] for table in own]
    return (
        sum(same) / len(same),
        sum(joint in pure for joint in ((0, 0), (1, 1))) / 2,
        sum(best) / len(best),
        sum(c < b < a for a, b, c in costs) / len(costs),
        sum(c > max(a, b) for a, b, c in least) / len(least),
    )


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
    proved = all(all_of_it.nondegenerate for all_of_it in found.values())
    return (
        "equilibria: both games are nondegenerate, so each equilibrium is a pair of vertices of the best-response "
        "polyhedra, of which all are enumerated in fractions: there are no others"
        if proved
        else "equilibria: NOT proved to be all, as a game is degenerate",
        "text: the share of the cases in which each statement is so, 1 if in all, in the game as printed: of the nine "
        "joint actions, of the two equilibria that are named, or of the agents. What miscoordination costs at an "
        "action is what the agent earns there if the other plays the same action, less what it earns if not: both the "
        "largest and the mean for each agent. Safest is the action whose least payoff is the largest",
        _mixed(found),
        _difference(found),
    )


def _pure(found: AllEquilibria) -> set[tuple[int, ...]]:
    """The pure equilibria as the two agents' actions."""
    return {tuple(strategy.index(1) for strategy in e.strategies) for e in found.equilibria if e.pure}


def _mixed(found: dict[str, AllEquilibria]) -> str:
    """Whether the text's equilibria are the pure ones, and what the others are and pay."""
    as_said = all(_pure(all_of_it) == {(0, 0), (1, 1)} for all_of_it in found.values())
    mixed = {name: [e for e in all_of_it.equilibria if not e.pure] for name, all_of_it in found.items()}
    less = all(max(e.payoffs) < min(table[1][1] for table in payoffs(name)) for name, own in mixed.items() for e in own)
    told = "; ".join(f"{name}: {_written(e)}" for name, own in mixed.items() for e in own)
    return (
        f"the text's two equilibria, (A,A) and (B,B), are {'' if as_said else 'NOT '}the pure ones. Those in mixed "
        f"strategies, in which both are {'' if less else 'NOT always '}paid less than at (B,B): {told}"
    )


def _difference(found: dict[str, AllEquilibria]) -> str:
    """Where the printed game differs from the classic one, and what that changes."""
    printed, classic = (payoffs(name) for name in GAMES)
    cells = {
        f"({ACTIONS[a]},{ACTIONS[b]})": [tuple(int(table[a][b]) for table in tables) for tables in (printed, classic)]
        for a, b in product(range(3), repeat=2)
        if any(one[a][b] != other[a][b] for one, other in zip(printed, classic, strict=True))
    }
    paid = "; ".join(
        f"{joint} pays {_paid(one)} as printed and {_paid(other)}" for joint, (one, other) in cells.items()
    )
    pure, other_pure = (_pure(found[name]) for name in GAMES)
    same = "The pure equilibria are the same" if pure == other_pure else "The pure equilibria are NOT the same"
    gains = {ACTIONS[a]: min(first[a][2] - first[2][2] for first, _ in (printed, classic)) for a in (0, 1)}
    better = max(gains, key=lambda action: gains[action])
    none = f"; (C,C) is none either way, as agent 1 gains {gains[better]} by {better}" if gains[better] > 0 else ""
    return (
        f"{paid} in the game of Claus and Boutilier, 1998. The text calls the game fully cooperative, with a shared "
        "reward, and the authors' code (maci/environments/matrix_game.py) has the classic one: a misprint. "
        f"{same}{none}"
    )


def _paid(pair: tuple[int, ...]) -> str:
    return f"({','.join(map(str, pair))})"


def _written(e: Equilibrium) -> str:
    x, y = (", ".join(str(p) for p in strategy) for strategy in e.strategies)
    return f"({x}) and ({y}), which pays {e.payoffs[0]} and {e.payoffs[1]}"
