"""Steps per second of COMA and of its divergence-regularised form, in DMAC's game: half a million a second at least."""

from benchmarks.timing import Row, within
from mathrl.games import load
from mathrl.learners.coma import Coma, coma
from mathrl.learners.dmac import Dmac, dmac

__all__ = ["rows"]

EPISODES = 2_000
STEPS = 30 * EPISODES
LIMIT = STEPS / 500_000
"""Seconds for so many steps of the environment."""


def rows() -> list[Row]:
    return [_row(settings) for settings in (Coma(), Dmac(), Dmac(batch=4))]


def _row(settings: Coma) -> Row:
    game = load("dmac")

    def run(episodes: int = EPISODES) -> object:
        given = {"episodes": episodes, "seeds": 1, "record": episodes}
        if isinstance(settings, Dmac):
            return dmac(game, settings=settings, **given)
        return coma(game, settings=settings, **given)

    run(1)
    kind = f"COMA+DMAC, {settings.batch} stored an update" if isinstance(settings, Dmac) else "COMA"
    return within(f"{kind}: {STEPS:,} steps", run, LIMIT, note="30 states, 3 agents, 5 actions", runs=9)
