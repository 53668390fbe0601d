"""Games of other packages: from OpenSpiel, PettingZoo, gymnasium, QuantEcon, Gambit, nashpy and JaxMARL, and back.

None of these packages is imported until a function needs it, and Gambit's and nashpy's never are.
"""

from mathrl.interop.arrays import to_arrays
from mathrl.interop.gymnasium import from_gymnasium
from mathrl.interop.jaxmarl import from_jaxmarl
from mathrl.interop.nashpy import from_nashpy, to_nashpy
from mathrl.interop.openspiel import from_openspiel
from mathrl.interop.pettingzoo import from_pettingzoo
from mathrl.interop.pygambit import from_pygambit, to_pygambit
from mathrl.interop.quantecon import from_quantecon, to_quantecon
from mathrl.interop.sampled import SampledGame, SampledNumbers

__all__ = [
    "SampledGame",
    "SampledNumbers",
    "from_gymnasium",
    "from_jaxmarl",
    "from_nashpy",
    "from_openspiel",
    "from_pettingzoo",
    "from_pygambit",
    "from_quantecon",
    "to_arrays",
    "to_nashpy",
    "to_pygambit",
    "to_quantecon",
]
