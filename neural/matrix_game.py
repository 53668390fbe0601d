"""HASAC's networks in the matrix game of the paper's Section 3.2, beside its Table 3 and Figure 3a."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.intervals import estimate, share
from mathrl.base.printed import PaperValue
from mathrl.base.reproduction import Cell, Computed, Estimate
from mathrl.base.runs import Runs
from mathrl.equilibria import equilibria, logit_curves
from mathrl.games import Game, load
from mathrl.games.policies import Policy
from mathrl.neural.algorithms import HASAC
from mathrl.neural.algorithms.hasac import Settings
from mathrl.neural.measures import policy_tables
from mathrl.neural.runs import drawn_seeds, kept
from mathrl.neural.settings import begin_of_actors
from mathrl.neural.study import study
from mathrl.neural.tabular import tabular
from mathrl.solvers import haspi
from mathrl.values.policy_values import evaluate

__all__ = ["SETTINGS", "START", "STORED", "learned_figure_3a", "learned_table_3"]

START = ((0.6, 0.2, 0.2), (0.6, 0.2, 0.2))
"""The policies that the paper begins with."""

SETTINGS = Settings(batch=64, hidden=(16, 16), explore=256, prepare=400, critic_rate=1e-2, actor_rate=5e-3)
"""Small networks, whose critics learn alone until they know the payoffs."""

SEEDS = {"fast": 5, "paper": 20}
STEPS = {"fast": 10_000, "paper": 100_000}
"""Of 5 seeds at α = 1 and 2, where ends are nearly pure, the largest residuals were 2e-4 and 3e-4 after 10,000 steps,
and 1e-7 and 2e-5 after 100,000. After 10,000 the intervals of seeds 0 to 4 miss four of six printed numbers there."""

STORED = 10
"""How often runs are stored, so that they can go on after an interrupt."""

PURE = 0.9999
"""The probability of an action from which an end counts as nearly pure: with four digits it is printed as pure, or
almost so."""

EPISODES, STEPS_OF_EPISODE = 200, 64
"""The paper says how many episodes there are, and not how many steps one has in a game of one state."""

SHOWN = (50, 100, 150, 200)
WARMTHS = (1.0, 5.0, 7.0, 10.0, 15.0, 20.0)
"""The temperatures of Figure 3a here: the paper does not say which one it has."""

SEEDS_OF_FIGURE = {"fast": 12, "paper": 20}
"""From 12 on, Wilson's interval lies above `MOST_SEEDS` where all seeds end at (C, C)."""

MOST_SEEDS = 0.75
"""What HASAC does counts as so from this share of its seeds, as it does in tables (`hasac-figure-3a`)."""

EXACT = ("HASPI", "best QRE", "worst QRE", "QREs")
"""The columns of Figure 3a that are exact."""


def learned_table_3(
    printed: Mapping[int, Sequence[str]], columns: Sequence[str], seed: int, budget: str, runs: Runs
) -> Computed:
    """Table 3 from the ends of several seeds at each temperature: interquartile means and bootstrap intervals.

    `printed`  temperature → what the paper prints in these columns, by which the notes say which numbers differ
    """
    temperatures = tuple(printed)
    game, count = load("hasac"), SEEDS[budget]
    alphas = [float(alpha) for alpha in temperatures for _ in range(count)]
    seeds = drawn_seeds(seed, count) * len(temperatures)
    done = study(
        HASAC, tabular(game), SETTINGS, steps=STEPS[budget], seeds=seeds,
        each={"temperature": alphas}, initial_policy=START, measurements=STORED,
        **kept(runs, learned_table_3, [seed, budget], "hasac-networks-table-3"),
    )  # fmt: skip
    policies = [policy_tables(tabular(game), learner) for learner in done.learners]
    by_time = np.array([row["residual"] for row in done.rows]).reshape(-1, len(temperatures), count)
    residuals = {alpha: by_time[:, k] for k, alpha in enumerate(temperatures)}
    values: dict[tuple[str, str], float | Estimate] = {}
    apart, pure = [], []
    for k, alpha in enumerate(temperatures):
        own = np.array([policy[0][0] for policy in policies[k * count : (k + 1) * count]])
        values |= {(f"alpha={alpha}", column): estimate(own[:, a]) for a, column in enumerate(columns)}
        exact = haspi(game, temperature=alpha, initial_policy=START).policy
        apart.append(max(_apart(policy, exact) for policy in policies[k * count : (k + 1) * count]))
        pure.append(min(float(own.max()) for own in exact) >= PURE)
    ends = ", ".join(f"{distance:.1g} at alpha={alpha}" for alpha, distance in zip(temperatures, apart, strict=True))
    return Computed(
        values,
        (
            f"interquartile mean of {count} seeds, and its 95 % bootstrap interval; {STEPS[budget]} steps each, "
            f"{SETTINGS.hidden[0]} by {SETTINGS.hidden[1]} units, the agent's own actions enumerated",
            f"largest distance of a probability from the exact end of HASPI, over seeds and agents: {ends}",
            "a printed number agrees where some number in the interval rounds to it",
            _outside(printed, columns, values),
            *(
                [_on_the_way([a for a, is_pure in zip(temperatures, pure, strict=True) if is_pure], residuals)]
                if any(pure)
                else []
            ),
        ),
    )


def _outside(
    printed: Mapping[int, Sequence[str]],
    columns: Sequence[str],
    values: Mapping[tuple[str, str], float | Estimate | None],
) -> str:
    """Which printed numbers differ, and by how much."""
    texts = {
        (f"alpha={alpha}", column): text
        for alpha, row in printed.items()
        for column, text in zip(columns, row, strict=True)
    }
    cells = [Cell("", "neural", *key, PaperValue(text), values[key]) for key, text in texts.items()]
    differ = [cell for cell in cells if cell.agrees is False]
    names = "; ".join(f"{cell.row}, {cell.column}, by {abs(cell.difference or 0.0):.1g}" for cell in differ)
    return f"of the {len(cells)} printed numbers {len(differ) or 'none'} differ{'s' if len(differ) == 1 else ''}" + (
        f": {names}" if differ else ""
    )


def _on_the_way(temperatures: Sequence[int], residuals: Mapping[int, FloatArray]) -> str:
    """Why networks are last to come to a nearly pure end, with the largest residual of the seeds on the way."""
    way = "; ".join(
        f"at alpha={alpha} {halfway:.1g} and {end:.1g}"
        for alpha in temperatures
        for halfway, end in [(residuals[alpha][len(residuals[alpha]) // 2 - 1].max(), residuals[alpha][-1].max())]
    )
    return (
        f"at alpha={', '.join(f'{alpha:g}' for alpha in temperatures)} the exact end plays one action with at least "
        f"{PURE:g}, and networks are slow on the last of the way: the slope in an action's logit has the action's "
        "probability as a factor. So a printed 1.0000 or 0.0000 may differ with one --seed and agree with another. The "
        f"largest residual over seeds, after half of the steps and at the end: {way}"
    )


def learned_figure_3a(escapes: tuple[str, str], chosen: float, seed: int, budget: str, runs: Runs) -> Computed:
    """The return of the policies during learning, and the shares of seeds that end at (C, C).

    `escapes`  row and column of the statement that HASAC ends there
    `chosen`   the temperature at which that is asked, one of `WARMTHS`
    """
    game, count = load("hasac"), SEEDS_OF_FIGURE[budget]
    alphas = [alpha for alpha in WARMTHS for _ in range(count)]
    seeds = drawn_seeds(seed, count) * len(WARMTHS)
    settings = replace(SETTINGS, final_rate=1.0)
    done = study(
        HASAC, tabular(game), settings, steps=EPISODES * STEPS_OF_EPISODE, seeds=seeds,
        each={"temperature": alphas}, initial_policy=START, measurements=EPISODES // SHOWN[0],
        **kept(runs, learned_figure_3a, [seed, budget], "hasac-networks-figure-3a"),
    )  # fmt: skip
    returns = np.array([row["return"] for row in done.rows]).reshape(len(SHOWN), len(WARMTHS), count)
    found: dict[float | None, list[str]] = {1.0: [], 0.0: [], None: []}
    values: dict[tuple[str, str], float | Estimate | None] = {
        (f"alpha={alpha:g}", f"return at {episode}"): estimate(returns[m, k])
        for k, alpha in enumerate(WARMTHS)
        for m, episode in enumerate(SHOWN)
    }
    ends = [[own[0] for own in policy_tables(tabular(game), learner)] for learner in done.learners]
    for k, alpha in enumerate(WARMTHS):
        of_alpha = ends[k * count : (k + 1) * count]
        likeliest = sum(all(own.argmax() == 2 for own in policies) for policies in of_alpha)
        mostly = share(sum(bool(np.prod([own[2] for own in policies]) > 0.5) for policies in of_alpha), count)
        values |= {(f"alpha={alpha:g}", "seeds at (C,C)"): mostly}
        values |= {(f"alpha={alpha:g}", "(C,C) likeliest"): share(likeliest, count)}
        found[_said(mostly)].append(f"{alpha:g}")
        if alpha == chosen:
            values[escapes] = _said(mostly)
    curves = logit_curves(game, temperatures=(min(WARMTHS), max(WARMTHS)))
    for alpha in WARMTHS:
        end = haspi(game, temperature=alpha, initial_policy=START).policy
        others = [_return(game, policy) for policy in equilibria(game, curves, alpha)]
        exact = (_return(game, end), max(others), min(others), float(len(others)))
        values |= {(f"alpha={alpha:g}", column): number for column, number in zip(EXACT, exact, strict=True)}
    begin = begin_of_actors(settings)
    where = {"it is so": found[1.0], "it is not": found[0.0], "it is not decided": found[None]}
    elsewhere = "; ".join(f"{so} at alpha = {', '.join(at)}" for so, at in where.items() if at)
    return Computed(
        values,
        (
            f"interquartile mean of {count} seeds, with its 95 % bootstrap interval, of the policies' exact return",
            f"an episode is {STEPS_OF_EPISODE} steps here: the paper does not say how many it has. Until step {begin}, "
            f"in episode {begin // STEPS_OF_EPISODE + 1}, only the critics learn, so that all temperatures begin alike",
            "said: 'HASAC escapes local optima and achieves the Pareto optimum' (5.1). It is so if at least "
            f"{MOST_SEEDS:.0%} of the seeds end at (C,C), and decided if Wilson's 95 % interval of their share has no "
            f"other answer. As for tables (hasac-figure-3a), alpha is {chosen:g}, the least that was tried there above "
            f"HASPI's jump. Asked at each, {elsewhere}. What it says of HAPPO and MAPPO is not asked here",
            "seeds at (C,C), (C,C) likeliest: the shares of seeds whose final policy plays (C, C) more than half of "
            "the time, and at whose end it is the most probable joint action, with Wilson's 95 % intervals",
            "HASPI: the exact return where HASPI ends from the same start; best QRE, worst QRE: the largest and the "
            "smallest return of all quantal response equilibria that were found, which are as many as QREs says",
            "the paper does not print the temperature of this figure",
        ),
    )


def _said(seeds: Estimate) -> float | None:
    """Whether what this share of seeds does counts as so, 1 or 0; None if its interval holds both answers."""
    return 1.0 if seeds.low >= MOST_SEEDS else 0.0 if seeds.high < MOST_SEEDS else None


def _return(game: Game, policy: Policy) -> float:
    """E_π[r] in the matrix game."""
    return float(evaluate(game, policy, temperature=1.0, entropy="none").objective)


def _apart(one: Sequence[FloatArray], other: Sequence[FloatArray]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))
