"""What `mathrl bound --help` says: the keys of a setup file, each view with its columns, readings and schemes."""

import textwrap
from collections.abc import Iterator, Mapping

__all__ = ["COLUMNS", "DESCRIPTION", "EXAMPLES", "explanations"]

DESCRIPTION = """\
How far the return in a learned model is from the real one, exactly, beside what AORPO's theorems say that it is at
most. FILE describes the game, the model, the policies and the opponent models; --example prints one to start from."""

EXAMPLES = """\
examples:
  mathrl bound --example > setup.json
  mathrl bound setup.json
  mathrl bound setup.json --branch-length 1:50 --dynamics-error uniform --format csv
  mathrl bound setup.json --show rollouts --branch-length 3,6,9 --start data
  mathrl bound setup.json --plot setup.png

A bound that fails is a finding, not an error: the exit status is 0. Agents, states and actions are numbered from 0."""

VIEWS = {
    "bounds": "each theorem and lemma: what it bounds, and its bounds",
    "errors": "every ε that enters, a total variation: of the dynamics, of shifted policies, of opponent models",
    "returns": "the returns that are compared",
    "distances": "lemmas C.1 and C.2 after K steps: laws of states and actions, real and modelled",
    "schedule": "for how many of K steps each opponent is its model (§5.1), and what that adds to theorem 2's sum",
    "rollouts": "what the schemes of §5.1 and G.5 cost and give in rollouts of K steps",
}

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "bounds": {
        "claim": "of AORPO; in tables, claims whose rows are the same share them",
        "branch_length": "K; none for a claim without a branch",
        "discrepancy": "|return in reality − return in the model|, exact",
        "printed": "the bound as printed, with r_max = max r: no bound where rewards are negative",
        "corrected": "the same with max |r|",
        "coupling": "a sharper bound from the same errors: of two processes that stay together while they can",
        "value": "a bound from exact values too; none for branched returns",
        "trivial": "max r − min r: no two returns lie farther apart",
        "printed_bound": "holds; says nothing, where it is not below the trivial one; FAILS, where the discrepancy is"
        " larger",
        "holds_as_defined*": "whether it holds for returns as §3.1 defines them: not normalised, from t = 1",
        "dynamics_error*": "the one that entered",
        "reading*": "how that was read; lemmas say so themselves",
        "proved*": "whether corrected and coupling are theorems under this reading",
    },
    "errors": {
        "error": "of the dynamics, drawn with the data policies (ε_m), the policies (ε'_m), …; or of policies",
        "of": "the reading, the agent, or the branch length",
        "value": "ε, in [0, 1]",
        "used_in": "the claims that it enters; of readings, the one asked for; lemma C.2 takes it up to step K",
    },
    "returns": {
        "return": "real; with the data policies; with the learned model; with opponent models too; branched",
        "branch_length": "K of a branched return",
        "value": "the return",
        "minus_real": "how far it is above the real one",
        "dynamics": "which transitions",
        "played": "by which policies",
    },
    "distances": {
        "claim": "lemma C.1 is of the law of states and actions, C.2 of that of states",
        "step": "K",
        "distance": "total variation between the laws in the real game and with model and opponent models, exact",
        "printed": "the bound as printed; C.1's is from the exact distance of the states",
        "coupling": "a sharper one from the same errors",
    },
    "schedule": {
        "branch_length": "K",
        "opponent": "an agent, or all together",
        "error": "ε_j of its model",
        "model_steps": "n_j = ⌊K min ε / ε_j⌋ steps, exact; K for a perfect model",
        "budget": "(n_j + 1) ε_j: what it adds",
        "printed_budget": "K min ε, which §5.1 takes that for; it is never more",
        "all_model_budget": "(K + 1) ε_j, where models act in all steps",
    },
    "rollouts": {
        "scheme": "see below",
        "branch_length": "K",
        "model_steps": "of each opponent, in how many steps it is its model",
        "communications": "how many actions are asked of real opponents",
        "total_variation": "between real and simulated law of the state after K steps from --start",
        "compounding_error": "of §6.3 over 1 … K steps: mean squared distance of a real and a simulated trajectory",
        "compounding_floor": "what that is for perfect models",
        "discrepancy": "|real return − branched return|; branches leave what the data policies reach, at any --start",
        "coupling": "a sharper bound of the discrepancy",
        "bound": "theorem 2 with the budget of §5.1, and max |r|",
        "mean_total_variation*": "total_variation, averaged over 1 … K steps",
        "printed_distance*": "the bound of total_variation by extended lemma C.2, step by step",
        "coupling_distance*": "a sharper one",
        "compounding_bias*": "the part of compounding_error that is 0 for perfect models",
    },
}
"""Of each view, what stands in each column; those with a star are in JSON and CSV alone."""

READINGS = {
    "real": "at the worst time step, along the real dynamics (the paper's words)",
    "model": "at the worst time step, along the learned dynamics; not enough for theorems 2, 5 and B.2",
    "uniform": "at the worst state and joint action: the largest",
    "occupancy": "the discounted average over time, along the real dynamics: what a replay buffer gives",
    "branched": "at the worst step after a branch, along the rollouts; real for theorems without a branch",
}

SCHEMES = {
    "simu-to-real": "opponent j is its model in the first n_j steps of --show schedule, then real (algorithm 1)",
    "real-to-simu": "in the last n_j steps (G.6)",
    "all-model": "in all steps",
    "all-real": "in none",
}


def explanations() -> str:
    """All lists of the help."""
    views = (_listed(f"--show {view}: {VIEWS[view]}", columns) for view, columns in COLUMNS.items())
    return "\n\n".join([
        _listed("keys of FILE, in JSON (shapes in brackets; --example has them all):", _keys()),
        *views,
        "A * marks what is in JSON and CSV alone. Returns are sums times 1 − discount, as in the proofs;\n"
        "--returns unnormalised divides them and the bounds by that.",
        _listed("--dynamics-error, the expected total variation between real and learned transitions:", READINGS),
        _listed("schemes:", SCHEMES),
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
