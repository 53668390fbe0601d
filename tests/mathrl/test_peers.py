"""The principal branch against what Gambit and sgamesolver answer: peer_answers.json, by benchmarks.peers.table."""

import json
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from mathrl.games import load
from mathrl.operators import quantal_response_residual
from mathrl.solvers import qre_branch
from mathrl.values.policy_values import evaluate

TABLE = json.loads(Path(__file__).with_name("peer_answers.json").read_text(encoding="utf-8"))


def by_game(peer):
    return [
        pytest.param(game, list(rows), id=f"{peer}-{game}")
        for game, rows in groupby(TABLE[peer]["answers"], key=lambda row: row["game"])
    ]


def policy_of(row):
    return tuple(np.array(rows) for rows in row["policy"])


@pytest.mark.parametrize("peer", TABLE)
def test_the_peers_answers_are_equilibria_of_these_games(peer):
    """They are stored by a game's name or seed, so that another stream of random numbers would show here."""
    answered = [row for row in TABLE[peer]["answers"] if row["policy"]]
    assert len(answered) > 30
    for row in answered:
        game, policy, temperature = load(row["game"]), policy_of(row), 1 / row["rationality"]
        q = evaluate(game, policy, temperature=temperature, entropy="none").q
        # 1e-12 when they were written, with other roundings of Q / temperature here
        assert quantal_response_residual(q, policy, temperature=temperature) <= 4e-12, row["game"]


@pytest.mark.parametrize(("name", "rows"), [*by_game("gambit"), *by_game("sgamesolver")])
def test_the_branch_passes_through_the_peers_answers(name, rows):
    found = qre_branch(load(name), temperature=[1 / row["rationality"] for row in rows], entropy="none")
    for row, solution in zip(rows, found, strict=True):
        solution.require()
        if row["policy"]:
            for ours, theirs in zip(solution.policy, policy_of(row), strict=True):
                # both are within rounding, which a game near a fold magnifies by up to 1e4
                np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-8, err_msg=f"rationality {row['rationality']}")
