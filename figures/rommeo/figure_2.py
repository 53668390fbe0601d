"""ROMMEO, Figure 2: the surface of the max-of-two-quadratics game, exactly; its other parts need networks."""

import math
from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from mathrl.base.printed import PaperStatement, PaperValue
from mathrl.base.reproduction import Computed, exact, unavailable
from mathrl.base.text import at_most
from mathrl.figures.rommeo.surface import BOX, CODE, PRINTED, Surface
from mathrl.figures.rommeo.words import number

__all__ = ["figure_2a"]

SURFACES = {"as printed": PRINTED, "as in the authors' code": CODE}

IN_BASIN = "(0,0) lies in the basin of (-5,-5)"
VALLEY = "a valley lies between the maxima"
ENDS = "from (0,0) ascent ends at"
SHARE = "share of the box that ascends to the global maximum"

CONTOUR, DRAWN_RADIUS = -2, 2.7
"""A contour around the local maximum in Figure 2a, and its radius as it is drawn there."""

_NETWORKS = (
    "as networks with continuous actions, 200 episodes of 25 steps; the text gives no sizes, rates, numbers of seeds "
    "or numbers of the curves"
)

unavailable(
    "rommeo-figure-2b",
    caption="learning curves of ROMMEO-AC and baselines in the max-of-two-quadratics game",
    needs=f"ROMMEO-AC, PR2, MASQL, MADDPG, DDPG and DDPG-OM {_NETWORKS}",
)
unavailable(
    "rommeo-figure-2c",
    caption="means of the agents' policies and opponent models of ROMMEO-AC in training",
    needs=f"ROMMEO-AC {_NETWORKS}",
)


@exact(
    "rommeo-figure-2a",
    caption="the surface of the max-of-two-quadratics game: its maxima, its valley, and where gradient ascent ends",
    paper={
        "as printed": {
            "local maximum: action": PaperValue("-5", exact=True),
            "local maximum": PaperValue("0", exact=True),
            "global maximum: action": PaperValue("5", exact=True),
            "global maximum": PaperValue("10", exact=True),
        },
        "text": {IN_BASIN: PaperStatement(), VALLEY: PaperStatement()},
    },
)
def figure_2a() -> Computed:
    """What the text says of the surface, and what there is besides. Points lie on the diagonal: one number is both."""
    values: dict[tuple[str, str], float] = {}
    for name, surface in SURFACES.items():
        (local, local_reward), (best, best_reward) = surface.maxima()
        numbers = {
            "local maximum: action": float(local),
            "local maximum": float(local_reward),
            "global maximum: action": float(best),
            "global maximum": float(best_reward),
            ENDS: float(surface.path(np.zeros(2))[-1, 0]),
            "reward at (0,0)": float(max(surface.diagonal(Fraction(0)))),
            "highest point of the valley: action": 5 * surface.saddle,
            "highest point of the valley": float(surface.value(np.full(2, 5 * surface.saddle))),
            "disc of the global maximum: centre": 5 * float(surface.m),
            "disc of the global maximum: radius": surface.radius,
            SHARE: surface.basin_share()[0],
            "lowest reward in the box": _lowest(surface),
        }
        values |= {(name, column): x for column, x in numbers.items()}
    in_basin = [values[name, ENDS] == values[name, "local maximum: action"] for name in SURFACES]
    dips = [values[name, "highest point of the valley"] < values[name, "local maximum"] for name in SURFACES]
    values["text", IN_BASIN] = sum(in_basin) / len(in_basin)
    values["text", VALLEY] = sum(dips) / len(dips)
    return Computed(values, _notes(values))


def _lowest(surface: Surface) -> float:
    """The least reward in the box: each piece is concave, and so least at a corner; f is least at a corner or where the
    pieces meet on the edge, as it is concave on either side.
    """
    corners = np.array([[a, b] for a in (-BOX, BOX) for b in (-BOX, BOX)])
    centre, squared = 5 * float(surface.m), float(surface.radius_squared)
    off = np.sqrt(max(0.0, squared - (BOX - centre) ** 2))
    meets = [[BOX, centre + sign * off] for sign in (-1, 1) if abs(centre + sign * off) <= BOX]
    points = np.concatenate([corners, np.array(meets).reshape(-1, 2)])
    return float(surface.value(points).min())


def _notes(values: Mapping[tuple[str, str], float]) -> tuple[str, ...]:
    return (
        "where an action is one number, it is that of both agents; the centre of the disc, too",
        _of_printed(),
        "text: the share of the two surfaces on which a statement is so, 1 if on both. A point lies in the basin of "
        "the maximum where gradient ascent from it ends; a valley lies between the maxima where every path from one to "
        "the other goes lower than both",
        *(_basins(name, surface, values) for name, surface in SURFACES.items()),
        _contours(),
        "the learning path of ROMMEO-AC, which Figure 2a shows on the surface, takes networks: see rommeo-figure-2c",
        "the text says that ROMMEO-AC needs no annealing of α. In the authors' program (experiment/run_rommeo.py) α is "
        "0.1 + 500 exp(−0.1 max(t − 10, 0)) in training step t, for ROMMEO-AC as for MASQL",
    )


def _of_printed() -> str:
    """The disc, its valley and the start on the printed surface, in fractions."""
    centre, squared, saddle = 5 * PRINTED.m, PRINTED.radius_squared, PRINTED.exact_saddle
    assert saddle is not None
    top, start = max(PRINTED.diagonal(5 * saddle)), max(PRINTED.diagonal(Fraction(0)))
    corner = 2 * (int(BOX) - centre) ** 2 == squared
    (local, _), _ = PRINTED.maxima()
    return (
        f"as printed: the pieces meet on the circle around ({centre}, {centre}) ({number(centre)}) with the radius "
        f"√{squared.numerator}/{math.isqrt(squared.denominator)} ({number(PRINTED.radius)})"
        f"{f', which passes through the corner ({BOX:g},{BOX:g})' if corner else ''}. Its arc towards "
        f"{_point(local)} is the valley. The highest point of the valley, which the easiest path from one maximum to "
        f"the other must cross, is {_point(5 * saddle)} with reward {_fraction(top)}, "
        f"{'less' if top < start else 'not less'} than the {_fraction(start)} of the start (0,0)"
    )


def _basins(name: str, surface: Surface, values: Mapping[tuple[str, str], float]) -> str:
    (local, _), (best, _) = surface.maxima()
    straight = "straight " if len(surface.path(np.zeros(2))) == 2 else ""
    share, error = surface.basin_share()
    return (
        f"{name}: gradient ascent from (0,0) runs {straight}to ({number(values[name, ENDS], 'g')},"
        f"{number(values[name, ENDS], 'g')}). From {number(100 * share, '.1f')} % of the box it ends at "
        f"{_point(best)}, which is the disc and its shadow seen from {_point(local)}; quadrature gives an error of at "
        f"most {at_most(100 * error)} %"
    )


def _contours() -> str:
    """Of which surface a drawn contour is: that of f_1 at −2 has the radius √(2/c)."""
    squared = {name: -CONTOUR / surface.c for name, surface in SURFACES.items()}
    (local, _), _ = PRINTED.maxima()
    radii = {name: math.sqrt(r) for name, r in squared.items()}
    nearest = min(radii, key=lambda name: abs(radii[name] - DRAWN_RADIUS))
    told = "; ".join(f"{name} √{number(squared[name], 'g')} = {number(r, '.2f')}" for name, r in radii.items())
    return (
        f"Figure 2a is drawn {nearest}. The contour of {number(CONTOUR, 'g')} around {_point(local)} has the radius: "
        f"{told}; the drawn one has {DRAWN_RADIUS:g}. In the authors' code (maci/environments/differential_game.py) "
        "the squares are divided by 3, as printed what is squared"
    )


def _point(x: Fraction) -> str:
    return f"({x},{x})".replace("-", "−") if x.denominator == 1 else f"({x}, {x})".replace("-", "−")


def _fraction(x: Fraction) -> str:
    return f"{x} ({number(x)})".replace("-", "−")
