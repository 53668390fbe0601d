"""What `mathrl bound --help` says: the keys of a setup file, each view with its columns, readings and schemes."""

import textwrap
from collections.abc import Iterator, Mapping

__all__ = ["COLUMNS", "DESCRIPTION", "EXAMPLES", "explanations"]

DESCRIPTION = """\
Compute exactly how far the return in a learned model is from the real return (the discrepancy), and what AORPO's
theorems say that it is at most. FILE describes the game, its model, the policies and the opponent models. --example
prints such a file to start from. docs/how-to/is-my-bound-worth-anything.md shows how to read the results."""

EXAMPLES = """\
examples:
  mathrl bound --example > setup.json
  mathrl bound setup.json
  mathrl bound setup.json --branch-length 1:50 --dynamics-error uniform --format csv
  mathrl bound setup.json --show rollouts --branch-length 3,6,9 --start data
  mathrl bound setup.json --plot setup.png

A bound that fails is a finding, not an error: the exit status is 0. Agents, states and actions are numbered from 0."""

VIEWS = {
    "bounds": "for each theorem and lemma its bounds, beside the discrepancy that they bound",
    "errors": "every error ε of a bound, a total variation: of the model, of changed policies, of opponent models",
    "returns": "the returns that are compared",
    "distances": "lemmas C.1 and C.2: how far apart the real and the modelled distributions are after K steps",
    "schedule": "§5.1: for how many of K steps each opponent is replaced by its model, and what this adds to theorem 2",
    "rollouts": "the rollout schemes of §5.1 and G.5: what rollouts of K steps cost, and how good they are",
}

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "bounds": {
        "claim": "the theorem or lemma of AORPO; in printed tables claims with equal rows share one",
        "branch_length": "K; empty for a claim without branched rollouts",
        "discrepancy": "|return in reality − return in the model|, exact",
        "printed": "the bound as printed, with r_max = max r; it is no bound where rewards are negative",
        "corrected": "the same bound with max |r|",
        "coupling": "a sharper bound from the same errors: the real and the modelled process are run together, and are"
        " equal as long as possible (a coupling)",
        "value": "a bound that also uses the exact values of the game; empty for branched returns",
        "trivial": "max r − min r: no two returns are farther apart",
        "printed_bound": "what the printed bound is worth. 'holds': the discrepancy is at most the bound, and the bound"
        " is below trivial. 'says nothing': the bound is not below trivial, so that it is true for any two returns and"
        " tells nothing about the model. 'FAILS': the discrepancy is larger than the bound",
        "holds_as_defined*": "whether the printed bound also holds for returns as §3.1 of the paper defines them: sums"
        " that are not multiplied by 1 − discount, and that begin at t = 1 instead of t = 0",
        "dynamics_error*": "the error of the model that entered the bound",
        "reading*": "how this error was measured, see --dynamics-error; some lemmas prescribe it",
        "proved*": "whether corrected and coupling are proved for an error that is measured so",
    },
    "errors": {
        "error": "the kind of error: of the model where the data policies lead (ε_m) or the policies (ε'_m), of a"
        " changed policy, or of an opponent model",
        "of": "how the error is measured, or the agent, or the branch length",
        "value": "ε, in [0, 1]",
        "used_in": "the claims that it enters; of several measures of an error only the one asked for enters, and lemma"
        " C.2 takes the errors up to step K",
    },
    "returns": {
        "return": "real; with the data policies; in the learned model; with opponent models too; branched",
        "branch_length": "K of a branched return",
        "value": "the return",
        "minus_real": "this return minus the real one",
        "dynamics": "the transitions: real, or learned",
        "played": "the policies that are played",
    },
    "distances": {
        "claim": "lemma C.1 is about distributions of states and actions, C.2 about those of states",
        "step": "K",
        "distance": "total variation between the real distribution and that with model and opponent models, exact",
        "printed": "the bound as printed; that of C.1 uses the exact distance of the states",
        "coupling": "a sharper bound from the same errors",
    },
    "schedule": {
        "branch_length": "K",
        "opponent": "an agent, or all opponents together",
        "error": "ε_j of its model",
        "model_steps": "n_j = ⌊K min ε / ε_j⌋ steps, exact; K steps for a perfect model",
        "budget": "(n_j + 1) ε_j: what this opponent adds to the bound",
        "printed_budget": "K min ε, by which §5.1 approximates the budget; it is never larger than the budget",
        "all_model_budget": "(K + 1) ε_j: what it adds if its model acts in all steps",
    },
    "rollouts": {
        "scheme": "which opponents are replaced by their models, and when (see below)",
        "branch_length": "K",
        "model_steps": "for each opponent the number of steps in which it is replaced by its model",
        "communications": "how many actions real opponents are asked for",
        "total_variation": "between the real and the simulated distribution of the state after K steps from --start",
        "compounding_error": "of §6.3 over 1 … K steps: mean squared distance of a real and a simulated trajectory",
        "compounding_floor": "the compounding error of perfect models: real trajectories differ from each other too",
        "discrepancy": "|real return − branched return|; branches start at states that the data policies reach,"
        " whatever --start is",
        "coupling": "a sharper bound of the discrepancy",
        "bound": "theorem 2 with the budget of §5.1, and max |r|",
        "mean_total_variation*": "total_variation, averaged over 1 … K steps",
        "printed_distance*": "the bound of total_variation by extended lemma C.2, step by step",
        "coupling_distance*": "a sharper bound of total_variation",
        "compounding_bias*": "the part of compounding_error that is 0 for perfect models",
    },
}
"""Of each view, what stands in each column; those with a star are in JSON and CSV alone."""

READINGS = {
    "real": "at the worst time step, along the real dynamics (the words of the paper)",
    "model": "at the worst time step, along the learned dynamics; not enough for theorems 2, 5 and B.2",
    "uniform": "the largest over all states and joint actions",
    "occupancy": "the discounted average over time, along the real dynamics: what a replay buffer can estimate",
    "branched": "at the worst step after a branch, along the rollouts; for theorems without branches the same as real",
}

SCHEMES = {
    "simu-to-real": "opponent j is its model in the first n_j steps (--show schedule), then the real one (algorithm 1)",
    "real-to-simu": "opponent j is the real one first, and its model in the last n_j steps (G.6)",
    "all-model": "all opponents are models in all steps",
    "all-real": "all opponents are the real ones in all steps",
}


def explanations() -> str:
    """All lists of the help."""
    views = (_listed(f"--show {view}: {VIEWS[view]}", columns) for view, columns in COLUMNS.items())
    return "\n\n".join([
        _listed("keys of FILE (shapes of arrays in brackets; the file of --example has all keys):", _keys()),
        *views,
        "Columns with a * are in JSON and CSV only. Returns are discounted sums times 1 − discount, as in the paper's\n"
        "proofs; with --returns unnormalised they and the bounds are divided by 1 − discount.",
        _listed("--dynamics-error, how the total variation of real and learned transitions is measured:", READINGS),
        _listed("schemes of --show rollouts:", SCHEMES),
    ])  # fmt: skip


def _keys() -> dict[str, str]:
    from mathrl.bounds.setup_file import schema

    described = schema()
    required = dict.fromkeys(described["required"], " (required)")
    return {key: value["description"] + required.get(key, "") for key, value in described["properties"].items()}


def _listed(head: str, texts: Mapping[str, str]) -> str:
    width = max(map(len, texts)) + 2
    return "\n".join([head, *_lines(texts, width)])


def _lines(texts: Mapping[str, str], width: int) -> Iterator[str]:
    for name, text in texts.items():
        yield textwrap.fill(text, 118, initial_indent=f"  {name:{width}}", subsequent_indent=" " * (width + 2))
