"""AORPO, Figure 11 and G.6: opponent models first, or real opponents first, exactly, in a family of games.

The paper's curves are of Cooperative communication, and no number of them is printed. G.6 compares bounds on the sum of
the distances of all states; they differ by l (k − l) ε_2, where ε_2 is the larger error and its model acts l times.
"""

from collections.abc import Mapping

import numpy as np

from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import Computed, exact
from mathrl.bounds import accumulated_distance, printed_real_to_simu, printed_simu_to_real, rollout_lengths
from mathrl.figures.aorpo.family import FEEDBACKS
from mathrl.figures.aorpo.schemes import LENGTHS, OPPONENT_ERRORS, SHOWN, measured, share

__all__ = ["figure_11"]

ORDERS = ("simu-to-real", "real-to-simu")
LONG, SHORT = "real-to-simu has less error, k > 15", "simu-to-real has the smaller ratio, k = 10"

BOUNDED = (10, 20)
"""The lengths k for which the bounds of G.6 are computed."""

HEADS = ("l (k - l) error_2", "difference of the sums", "difference as printed")

QUANTITIES = {"compounding error": "error", "TV of the last state": "distance", "mean TV": "mean_distance"}


@exact(
    "aorpo-figure-11",
    caption="models first or real opponents first: compounding error, its part from models, and bounds; exact analogue",
    paper={said: {kind: PaperStatement() for kind in FEEDBACKS} for said in (LONG, SHORT)},
)
def figure_11() -> Computed:
    """Shares of games, means over games at some lengths, and the bounds of G.6 with their difference."""
    values: dict[tuple[str, str], float] = {}
    k_l = np.array(LENGTHS)
    for kind in FEEDBACKS:
        error = measured(kind, "error")
        first, last = (error[scheme] for scheme in ORDERS)
        ratio, other_ratio = (1 - error["all-real"] / error[scheme] for scheme in ORDERS)
        at_ten = LENGTHS.index(10)
        values[LONG, kind] = share((last.mean(axis=0) < first.mean(axis=0))[k_l > 15])
        values[SHORT, kind] = float(ratio[:, at_ten].mean() < other_ratio[:, at_ten].mean())
        apart = np.abs(last / first - 1)
        values[f"{kind}: relative difference", "k < 15"] = float(apart[:, k_l < 15].mean())
        values[f"{kind}: relative difference", "k > 15"] = float(apart[:, k_l > 15].mean())
        values[f"{kind}: simu-to-real has the smaller part", "k = 10"] = share((ratio < other_ratio)[:, at_ten])
        for name, quantity in QUANTITIES.items():
            found = measured(kind, quantity)
            less = found["real-to-simu"] < found["simu-to-real"] * (1 - 1e-9)
            more = found["real-to-simu"] > found["simu-to-real"] * (1 + 1e-9)
            values[f"{kind}: real-to-simu less, k > 15", name] = share(less[:, k_l > 15])
            values[f"{kind}: real-to-simu more, k > 15", name] = share(more[:, k_l > 15])
        for k in SHOWN:
            for scheme, part in zip(ORDERS, (ratio, other_ratio), strict=True):
                row = f"{kind}: {scheme}, k = {k}"
                values[row, "compounding error"] = float(error[scheme][:, LENGTHS.index(k)].mean())
                values[row, "part from models"] = float(part[:, LENGTHS.index(k)].mean())
    values |= _bounds()
    return Computed(values, (*NOTES, _order(values), _sums(values)))


def _bounds() -> dict[tuple[str, str], float]:
    """G.6's sums for k = 10 and 20 with the errors of the family, as printed and added up anew."""
    values: dict[tuple[str, str], float] = {}
    small, error = OPPONENT_ERRORS
    for k in BOUNDED:
        length = rollout_lengths(k, OPPONENT_ERRORS)[1]
        row = f"bounds of G.6, k = {k}"
        as_printed = printed_simu_to_real(k, length, small, error) - printed_real_to_simu(k, length, small, error)
        added, other = (accumulated_distance(scheme, k, OPPONENT_ERRORS) for scheme in ORDERS)
        found = (length * (k - length) * error, float(added - other), float(as_printed))
        values |= {(row, head): x for head, x in zip(HEADS, found, strict=True)}
    values["one opponent, k = 10", "steps of its model"] = float(rollout_lengths(10, [error])[0])
    return values


def _order(values: Mapping[tuple[str, str], float]) -> str:
    """What the shares of games say of the two orders for long rollouts, and how far these are apart."""
    texts = []
    for kind in FEEDBACKS:
        less, more = f"{kind}: real-to-simu less, k > 15", f"{kind}: real-to-simu more, k > 15"
        apart = f"{kind}: relative difference"
        texts.append(
            f"where {kind}, real-to-simu has less compounding error in "
            f"{values[less, 'compounding error']:.0%} and more "
            f"in {values[more, 'compounding error']:.0%} of games and lengths k > 15, where the two differ by "
            f"{values[apart, 'k > 15']:.1%} in the mean ({values[apart, 'k < 15']:.1%} for k < 15); its last state is "
            f"nearer to the real one in {values[less, 'TV of the last state']:.0%}, and further away in "
            f"{values[more, 'TV of the last state']:.0%}"
        )
    return (
        f"order: {'; '.join(texts)}. Where mistakes fade, those at the end count most; a bound cannot tell, as it adds "
        "up all mistakes"
    )


def _sums(values: Mapping[tuple[str, str], float]) -> str:
    """Whether the difference of the two sums of G.6 is what it concludes, added up anew and as printed."""
    texts = []
    for k in BOUNDED:
        row = f"bounds of G.6, k = {k}"
        concluded, anew, printed = (values[row, head] for head in HEADS)
        same = "as G.6 concludes" if abs(anew - concluded) <= 1e-12 * abs(concluded) else "NOT what G.6 concludes"
        texts.append(f"at k = {k} the sums differ by {anew:.3g}, {same}, and as printed by {printed:.3g}")
    said = "; ".join(texts)
    return f"bounds: added up anew, {said}. The sum printed for simu-to-real runs to k where it should end at l"


NOTES = (
    "said: no number is printed; 1 stands for what the text says of the curves (G.6): real-to-simu has 'lower "
    "compounding error ... for long rollout (when k > 15)', and at k = 10 the part of the error from opponent "
    "models is smaller for simu-to-real. Ours is the share of the lengths at which the mean over the games has it "
    "so, with two opponents; the rows below have shares of games",
    "one opponent: Cooperative communication, the task of Figure 11, has two agents, so there is one opponent, and "
    "Algorithm 1 lets its model act in all k steps whatever its error is. Both orders are then all models, and real "
    "opponents are asked for nothing: the figure needs lengths that are chosen in another way, which are not given",
    "part from models: 1 less the quotient of the errors with real opponents and with the scheme. The paper does not "
    "define its ratio. With ours the smaller error has the smaller part, so that the two statements of the text on k = "
    "10, about the same error and a smaller part, could hold together only within 'about'",
)
