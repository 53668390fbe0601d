"""Exploring a small environment that no package is needed for, and what tells its states apart."""

import numpy as np
import pytest

from mathrl.base.checks import InvalidInput
from mathrl.games.exploration import END
from mathrl.interop import chance
from mathrl.interop.copies import copied
from mathrl.interop.exploring import Environment, Outcome, Step, counted, explore, frozen


def lights(step):
    """Two lights, of which the action switches one; a snapshot is which of them are on."""
    return Environment(
        [(1.0, (0, 0))],
        (2,),
        lambda snapshot: snapshot[:2],
        lambda snapshot: [np.ones(2, dtype=bool)],
        step,
        "look at both",
    )


def switched(snapshot, joint, once):
    on = list(snapshot)
    on[joint[0]] = 1 - on[joint[0]]
    return Step([Outcome(1.0, tuple(on), (float(sum(on)),), on == [1, 1])])


def explored(step):
    return explore(lights(step), discount=0.9, max_states=10, rehearsals=20, names=dict)


def test_what_a_step_did_is_kept_by_names():
    found = explored(switched)
    assert found.game.state_names == ((0, 0), (1, 0), (0, 1), END)
    assert found.results[(1, 0), (1,)].following == {END: (1.0, (2.0,))}


class Drifting:
    """Lights that do something else once the six steps of exploring are over."""

    def __init__(self, change):
        self.change, self.steps = change, 0

    def __call__(self, snapshot, joint, once):
        self.steps += 1
        tried = switched(snapshot, joint, once)
        return self.change(tried) if self.steps > 6 else tried


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda tried: Step([tried.outcomes[0]._replace(snapshot=(5, 5), ended=False)]),
            r"joint action \(\d,\) leads to \(5, 5\) only sometimes",
        ),
        (lambda tried: Step([tried.outcomes[0]._replace(rewards=(7.0,))]), r"pays \(7\.0,\) now, and paid \(1\.0,\)"),
        (
            lambda tried: Step([tried.outcomes[0]._replace(probability=0.75)]),
            r"leads to \(\d, \d\) with probability 0\.75 now, and did with 1,",
        ),
        (lambda tried: tried._replace(draws=2), "does not always draw random numbers"),
    ],
)
def test_play_that_differs_from_the_game_is_refused_by_what_differs(change, message):
    with pytest.raises(InvalidInput, match=rf"is not always the same: .*{message}.*look at both"):
        explored(Drifting(change))


def test_samples_are_counted_by_state():
    first, hits = counted(iter("abacaa"), str)
    assert first == [(4 / 6, "a"), (1 / 6, "b"), (1 / 6, "c")]
    assert hits == {"a": 4, "b": 1, "c": 1}


def circle():
    value = [1]
    value.append(value)
    return value


@pytest.mark.parametrize("value", [circle(), bytearray(b"a"), [{"a": bytearray(b"a")}]], ids=type)
def test_what_cannot_tell_states_apart_is_refused(value):
    with pytest.raises(InvalidInput, match=r"^what tells states apart .*, expected numbers, texts, arrays"):
        frozen(value)


BITS = (np.random.MT19937, np.random.PCG64, np.random.Philox)


@pytest.mark.parametrize("kind", [np.random.Generator, np.random.RandomState])
@pytest.mark.parametrize("bits", BITS)
def test_draws_of_any_generator_are_noticed_and_follow_from_the_seed(kind, bits):
    class Holder:
        inner = None

    env = Holder()
    env.inner = {"deep": [kind(bits(1))]}
    env.itself = env
    (own,) = found = chance.generators(env)
    before = chance.states(found)
    assert chance.states(found) == before
    own.normal()
    assert chance.states(found) != before
    drawn = []
    with chance.kept_global():
        for seed in (3, 3, 4):
            chance.reseed(found, np.random.SeedSequence(seed))
            drawn.append((own.random(), np.random.random()))  # noqa: NPY002
    assert drawn[0] == drawn[1]
    assert not set(drawn[0]) & set(drawn[2])


def test_an_environment_without_a_dict_is_copied():
    class Slots:
        __slots__ = ("cells",)

    env = Slots()
    env.cells = [1, 2]
    again = copied(env)
    assert again.cells == env.cells
    assert again.cells is not env.cells
