"""How rational observed play is: the rationality that makes it most likely along a branch of equilibria.

`fit` takes a game and what was observed, counts or trajectories, and finds the rationality with its interval.
`load_observations` reads such data from files.
"""

from mathrl.estimate.fit import Fit
from mathrl.estimate.observations import Observations, load_observations
from mathrl.estimate.outcome import Outcome
from mathrl.estimate.rationality import fit

__all__ = ["Fit", "Observations", "Outcome", "fit", "load_observations"]
