"""HASAC, Table 1: what its medians and deviations say of the text, and which of them its caption makes bold.

The numbers are inputs here: they come from StarCraft, which is not computed. What follows from them is computed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from mathrl.base.printed import PaperStatement, PaperValue
from mathrl.base.reproduction import Computed, exact

__all__ = ["CLAIMED", "HARD", "METHODS", "WIN_RATES", "marked", "table_1"]

METHODS = ("HASAC", "HAPPO", "HATRPO", "MAPPO", "QMIX", "FOP")

Score = tuple[float, float]
MEDIAN, DEVIATION = 0, 1

WIN_RATES: Mapping[str, tuple[Score, ...]] = {
    "8m_vs_9m": ((97.5, 1.2), (83.8, 4.1), (92.5, 3.7), (87.5, 4.0), (92.2, 1.0), (23.4, 1.6)),
    "5m_vs_6m": ((90.0, 3.9), (77.5, 7.2), (75.0, 6.5), (75.0, 18.2), (77.3, 3.3), (46.9, 5.3)),
    "3s5z": ((100.0, 0.0), (97.5, 1.2), (93.8, 1.2), (96.9, 0.7), (89.8, 2.5), (93.0, 0.8)),
    "10m_vs_11m": ((95.0, 3.1), (87.5, 6.7), (98.8, 0.6), (96.9, 4.8), (95.3, 2.2), (12.5, 6.2)),
    "MMM2": ((97.5, 2.4), (88.8, 2.0), (97.5, 6.4), (93.8, 4.7), (87.5, 2.5), (37.5, 28.1)),
    "3s5z_vs_3s5z": ((82.5, 4.1), (66.2, 3.1), (72.5, 14.7), (70.0, 10.7), (87.5, 12.6), (0.0, 0.0)),
    "corridor": ((90.0, 10.8), (92.5, 13.9), (88.8, 2.7), (97.5, 1.2), (82.8, 4.4), (0.0, 0.0)),
    "6h_vs_8z": ((95.0, 3.1), (76.2, 3.1), (78.8, 0.6), (85.0, 2.0), (7.0, 27.0), (0.0, 0.0)),
}
"""Map → median and standard deviation of the win rate in per cent, in the order of the methods, as printed."""

HARD = ("8m_vs_9m", "5m_vs_6m", "3s5z", "10m_vs_11m")

CLAIMED = ("5m_vs_6m", "3s5z_vs_3s5z", "6h_vs_8z")
"""The maps on which the text says that HASAC is superior while HAPPO and HATRPO end at worse equilibria."""

ALONE, STABLE = "HASAC's median alone is the largest", "HASAC's deviation alone is the smallest"
BEHIND, BEST = "HAPPO and HATRPO end below HASAC on the 3 named maps", "HASAC is best on the 3 named maps"
FOP = "FOP wins nothing on the super-hard maps"
MOST = " on most maps"


@exact(
    "hasac-table-1",
    caption="eight StarCraft maps: what the printed win rates say of the text, and which its caption makes bold",
    paper={
        "maps": {
            "hard": PaperValue("4", exact=True),
            "super hard": PaperValue("4", exact=True),
            "HASAC over 90 %": PaperValue("7", exact=True),
        },
        "text": {
            ALONE + MOST: PaperStatement(),
            STABLE + MOST: PaperStatement(),
            BEHIND: PaperStatement(3),
            BEST: PaperStatement(3),
            FOP: PaperStatement(4),
        },
    },
)
def table_1() -> Computed:
    """Counts of maps, the text's statements, HASAC's lead on each map, and the bold values under two readings."""
    alone, stable = _maps(lambda own, best: own > best), _maps(lambda own, best: own < best, DEVIATION, min)
    named = {name: [median for median, _ in WIN_RATES[name]] for name in CLAIMED}
    values: dict[tuple[str, str], float] = {
        ("maps", "hard"): float(len(HARD)),
        ("maps", "super hard"): float(len(WIN_RATES) - len(HARD)),
        ("maps", "HASAC over 90 %"): float(_maps(lambda own, best: own > 90)),
        ("maps", "HASAC at least 90 %"): float(_maps(lambda own, best: own >= 90)),
        ("maps", ALONE): float(alone),
        ("maps", "HASAC's median is the largest, ties too"): float(_maps(lambda own, best: own >= best)),
        ("maps", STABLE): float(stable),
        ("text", ALONE + MOST): float(alone > len(WIN_RATES) / 2),
        ("text", STABLE + MOST): float(stable > len(WIN_RATES) / 2),
        ("text", BEHIND): float(sum(own > max(happo, hatrpo) for own, happo, hatrpo, *_ in named.values())),
        ("text", BEST): float(sum(own > max(others) for own, *others in named.values())),
        ("text", FOP): float(sum(WIN_RATES[name][-1][MEDIAN] == 0 for name in WIN_RATES if name not in HARD)),
    }
    for m, method in enumerate(METHODS[1:], 1):
        above = sum(scores[0][MEDIAN] > scores[m][MEDIAN] for scores in WIN_RATES.values())
        below = sum(scores[0][DEVIATION] < scores[m][DEVIATION] for scores in WIN_RATES.values())
        values[f"maps, HASAC beside {method}", "HASAC's median is larger"] = float(above)
        values[f"maps, HASAC beside {method}", "HASAC's deviation is smaller"] = float(below)
    for name, scores in WIN_RATES.items():
        best = max(median for median, _ in scores[1:])
        values[name, "HASAC's median less the best other, points"] = round(scores[0][0] - best, 1)
    for m, method in enumerate(METHODS):
        of_maximum = [marked(scores) for scores in WIN_RATES.values()]
        values[f"bold: {method}", "maps, by the maximum's deviation"] = float(sum(m in bold for bold in of_maximum))
        values[f"bold: {method}", "maps, by its own deviation"] = float(
            sum(m in marked(scores, own=True) for scores in WIN_RATES.values())
        )
    return Computed(values, _notes())


def marked(scores: tuple[Score, ...], *, own: bool = False) -> tuple[int, ...]:
    """The methods whose median is within one standard deviation of the largest median.

    The deviation is that of the maximum, the larger one where several methods have it; with `own` that of each method.
    """
    top = max(median for median, _ in scores)
    of_top = max(deviation for median, deviation in scores if median == top)
    reach = [deviation if own else of_top for _, deviation in scores]
    return tuple(m for m, (median, _) in enumerate(scores) if median + reach[m] >= top - 1e-9)


def _maps(
    holds: Callable[[float, float], bool], part: int = MEDIAN, best: Callable[[Iterable[float]], float] = max
) -> int:
    """On how many maps it holds of HASAC's median (or deviation) and of the best of the others'."""
    return sum(holds(scores[0][part], best(score[part] for score in scores[1:])) for scores in WIN_RATES.values())


def _notes() -> tuple[str, ...]:
    at_90 = [name for name, scores in WIN_RATES.items() if scores[0][0] == 90]
    behind = [name for name, scores in WIN_RATES.items() if marked(scores)[0] != 0]
    behind_own = [name for name, scores in WIN_RATES.items() if marked(scores, own=True)[0] != 0]
    unlike = [name for name, scores in WIN_RATES.items() if marked(scores) != marked(scores, own=True)]
    exactly, over = len(at_90), _maps(lambda own, best: own > 90)
    return (
        f"over 90 %: the text says 'over 90% win rates in 7 out of 8 maps'. On {_and(at_90)} the median is 90.0, so "
        f"{over + exactly} maps have at least 90 %, and {over} more than 90 %",
        f"said: of a statement on most maps ours is 1 if it is so on more than half of the {len(WIN_RATES)}, else 0; "
        "of one on named maps it is the number of these on which it is so",
        "'outperforms other strong baselines in most maps': taken as above all of them, which HASAC is on "
        f"{_maps(lambda own, best: own > best)} of {len(WIN_RATES)}; ties with the best other method: "
        f"{_listed(_ties())}. Above each baseline taken alone it is on most of the maps for {_beside(MEDIAN, 1)}",
        "'better stability': the text measures it nowhere, so the printed deviations stand for it. HASAC's alone is "
        f"the smallest on {_listed(_steadiest(METHODS))}; without FOP, whose 0.0 where it wins nothing counts too, on "
        f"{_listed(_steadiest(METHODS[:-1]))}. It is below the deviation of each baseline taken alone on most of the "
        f"maps for {_beside(DEVIATION, -1)}",
        f"named maps: {_and(CLAIMED)}, where 'HAPPO and HATRPO would converge towards suboptimal NE' and HASAC "
        f"'consistently achieves superior performance'. Better than HASAC on one of them: {_listed(_better())}",
        "'FOP is unable to learn meaningful joint policy in super-hard tasks': taken as a median of 0. It is above 0 "
        f"on {_listed(_fop_wins())}",
        "bold: the caption marks values within one standard deviation of the maximum, and does not say whose. By the "
        f"maximum's own HASAC is not bold on {_listed(behind)}; by each value's own on {_listed(behind_own)}. The "
        f"readings differ on {_listed(unlike)}. Where methods share the maximum ({_listed(_shared())}) the larger "
        "deviation is taken. Which values are bold in print is not compared: the text that was read has no bold type",
        "the map 3s5z_vs_3s5z of Table 1 is 3s5z_vs_3s6z in Table 14; the benchmark has a map of the second name only",
    )


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def _listed(names: Sequence[str]) -> str:
    return _and(names) or "none"


def _ties() -> list[str]:
    """Where HASAC's median is the largest and that of other methods too, with their names."""
    found = []
    for name, scores in WIN_RATES.items():
        others = [METHODS[m] for m in range(1, len(METHODS)) if scores[m][MEDIAN] == scores[0][MEDIAN]]
        if others and scores[0][MEDIAN] == max(median for median, _ in scores):
            found.append(f"{name} ({_and(others)})")
    return found


def _beside(part: int, sign: int) -> str:
    """The baselines to which HASAC's median (or deviation) is to be preferred on more than half of the maps."""
    maps = WIN_RATES.values()
    ahead = [
        method
        for m, method in enumerate(METHODS[1:], 1)
        if sum(sign * (scores[0][part] - scores[m][part]) > 0 for scores in maps) > len(WIN_RATES) / 2
    ]
    return _listed(ahead)


def _steadiest(methods: Sequence[str]) -> list[str]:
    """The maps on which HASAC's deviation is smaller than that of each other of these methods."""
    kept = [METHODS.index(method) for method in methods if method != METHODS[0]]
    return [
        name for name, scores in WIN_RATES.items() if all(scores[0][DEVIATION] < scores[m][DEVIATION] for m in kept)
    ]


def _better() -> list[str]:
    """The methods whose median is above HASAC's on one of the named maps."""
    return [
        f"{METHODS[m]} on {name}"
        for name in CLAIMED
        for m in range(1, len(METHODS))
        if WIN_RATES[name][m][MEDIAN] > WIN_RATES[name][0][MEDIAN]
    ]


def _fop_wins() -> list[str]:
    return [
        f"{name} ({scores[-1][MEDIAN]:g})"
        for name, scores in WIN_RATES.items()
        if name not in HARD and scores[-1][MEDIAN] > 0
    ]


def _shared() -> list[str]:
    """The maps on which several methods have the largest median."""
    tops = {name: max(median for median, _ in scores) for name, scores in WIN_RATES.items()}
    return [name for name, scores in WIN_RATES.items() if sum(median == tops[name] for median, _ in scores) > 1]
