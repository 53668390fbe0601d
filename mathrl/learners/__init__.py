"""Tabular learners that play a game and learn from what they are paid, compiled, one a file.

`learner(game, *, settings, episodes, seeds) -> Learning`. Nothing below this floor knows of learners.
"""

from mathrl.learners.clipped import ClippedSettings
from mathrl.learners.happo import happo
from mathrl.learners.hasac import HASACSettings, hasac
from mathrl.learners.learning import Learning
from mathrl.learners.mappo import mappo
from mathrl.learners.schedule import Schedule

__all__ = ["ClippedSettings", "HASACSettings", "Learning", "Schedule", "happo", "hasac", "mappo"]
