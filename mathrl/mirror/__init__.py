"""Mirror learning: drifts, neighbourhoods, the exact maximiser of its operator, and checks of its definitions."""

from mathrl.mirror.definitions import DriftReport, NeighbourhoodReport, check_drift, check_neighbourhood
from mathrl.mirror.kinds import (
    ClippedRatioDrift,
    Drift,
    Everywhere,
    KLBall,
    KLDrift,
    MaximumRatio,
    Neighbourhood,
    NoDrift,
    SquaredDrift,
    TotalVariationBall,
    as_drift,
    as_neighbourhood,
    check_support,
    needs_full_support,
)
from mathrl.mirror.respond import TIES, respond, responses

__all__ = [
    "TIES",
    "ClippedRatioDrift",
    "Drift",
    "DriftReport",
    "Everywhere",
    "KLBall",
    "KLDrift",
    "MaximumRatio",
    "Neighbourhood",
    "NeighbourhoodReport",
    "NoDrift",
    "SquaredDrift",
    "TotalVariationBall",
    "as_drift",
    "as_neighbourhood",
    "check_drift",
    "check_neighbourhood",
    "check_support",
    "needs_full_support",
    "respond",
    "responses",
]
