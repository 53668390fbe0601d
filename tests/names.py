"""Games whose agents and actions have names, or some of them, or none."""

from dataclasses import replace

from hypothesis import strategies as st

from mathrl.proofs_checks.strategies import episodic, games, masked

__all__ = ["different", "named"]

ANY_GAMES = games() | masked(games()) | episodic(masked(games()))
TEXTS = st.text(min_size=1, max_size=4)


def different(size, texts):
    return st.lists(texts, min_size=size, max_size=size, unique=True).map(tuple)


@st.composite
def named(draw, source=ANY_GAMES, texts=TEXTS):
    """Games of which some agents, some agents' actions, or none have names."""
    game = draw(source)
    actions = st.tuples(*(st.none() | different(size, texts) for size in game.num_actions))
    return replace(
        game,
        agent_names=draw(st.none() | different(game.num_agents, texts)),
        action_names=draw(st.none() | actions),
        title=draw(st.none() | texts),
    )
