"""Tabular learners that play a game and learn from what they are paid, compiled, one a file.

`learner(game, *, settings, episodes, seeds) -> Learning`. Nothing below this floor knows of learners.
"""

from mathrl.learners.learning import Learning
from mathrl.learners.schedule import Schedule

__all__ = ["Learning", "Schedule"]
