"""`mathrl train`: networks that learn, measured by the exact solver on the way."""

import argparse
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from mathrl.base.extras import missing, need
from mathrl.base.table import FORMATS
from mathrl.cli import output
from mathrl.cli.arguments import Parser, add_jobs, jobs_of, whole_number

if TYPE_CHECKING:
    from mathrl.cli.train_results import Plan
    from mathrl.neural.folder import Row
    from mathrl.neural.study import Study

__all__ = ["run"]

DESCRIPTION = """\
Train networks on a game, several seeds side by side, and show how good they are at the end: a row for each seed, and
below these the interquartile mean over the seeds with its 95 % bootstrap interval. Of a game return, objective,
residual and critic_error are exact: the networks are read out as tables, and the solver computes what these are worth.

  return        what the policies earn: the expected discounted sum of rewards; of an environment that is no game, the
                mean reward of the steps since the measurement before, over 1 - discount
  objective     the return, with a bonus in each step: the temperature, multiplied by the sum of all agents' entropies
                (dmac: by that of their divergences from the target policies, as a cost)
  residual      the largest difference of a probability from the soft-max policy of the exact Q; 0 at a QRE only
                (dmac: from the target policy, tilted by the exact Q)
  critic_error  the largest error of the critic's Q, in units of the span of the exact Q
  entropy       of an agent's policy in nats, mean over agents and the states learned from since the measurement before
  temperature   the weight of the entropy (dmac: of the divergence)"""

EXAMPLES = """\
examples:
  mathrl train --list                               algorithms, their settings with defaults, environments
  mathrl train hasac climbing
  mathrl train masac 'penalty(k=-50)' --steps 50000 --seeds 10 --set temperature=1 --set hidden=32,32
  mathrl train mehaml hasac --set drift=squared --seeds 0,4 --format json
  mathrl train hasac max-of-two-quadratics --set temperature=1
  mathrl train hasac opt-in --out run               keep all in the folder run
  mathrl train hasac opt-in --out run --resume      go on after an interrupt, or show the results again

The interval is too narrow for few seeds. For normally distributed results it contains the true mean in 75 % of all
cases with 3 seeds and in 90 % with 5, where 95 % are meant. Of a single seed tables show no interval.

With --format json there is one object with the keys algorithm, environment, steps, settings, seeds (an object for each
seed: all numbers of its last measurement) and summary (for each measure interquartile_mean, low and high).

A folder that --out names holds
  study.json      algorithm, environment, settings, seeds and steps
  metrics.jsonl   a JSON object for each measurement of each seed, as they are made
  checkpoint.npz  all that the study needs to go on; it is stored at each measurement
and at the end
  curve.png       the measures over the steps
  learned-K.json  of a game, for each seed K: policy and q, as tables. mathrl solve --initial-policy reads the file, and
                  mathrl.oracle.compare takes policy and q
A study that was killed ends with --resume, and the other arguments as before, in the same bytes as one that never
stopped, on the same machine. Seeds are trained at once, as many as there are processors. The results of a seed are the
same, bit for bit, whichever seeds are trained beside it.

Needs JAX: pip install 'mathrl[neural]'. To compile takes some ten seconds, each time. Without JAX --list shows all but
the settings."""


MOST_SEEDS = 10_000


def run(argv: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    arguments = _parser().parse(argv)
    format = output.format_of(arguments.format, None)
    steps, seeds = whole_number("--steps", arguments.steps, 1), _seeds(arguments.seeds)
    measurements = whole_number("--measurements", arguments.measurements, 1)
    jobs = jobs_of(arguments.jobs)
    if arguments.list:
        output.show(_listing(format))
        return 0
    need("mathrl train", "neural")
    plan = _plan(arguments, steps, seeds, measurements)
    rows, study = _study(plan, jobs)
    return _report(plan, rows, study, format)


def _parser() -> Parser:
    parser = Parser("train", DESCRIPTION, EXAMPLES)
    parser.add_argument("algorithm", nargs="?", metavar="ALGORITHM", help="what learns, as --list shows it")
    parser.add_argument(
        "game",
        nargs="?",
        metavar="GAME",
        help="a game with a common payoff, by a name that mathrl games lists or in a .json, .npz, .nfg, .gam or .csv "
        "file; or max-of-two-quadratics",
    )
    parser.add_argument(
        "--list", action="store_true", help="list algorithms, settings and environments, and train nothing"
    )
    parser.add_argument(
        "--steps",
        default="20000",
        metavar="N",
        help="steps of the environment for each seed; rounded up to whole stretches between measurements "
        "(default: 20000)",
    )
    parser.add_argument(
        "--seeds",
        default="3",
        metavar="K",
        help="how many seeds, from 0 on; with a comma, which ones: 0,4 or, for seed 7 alone, 7, (default: 3)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting, as --list shows them; may be given several times",
    )
    parser.add_argument(
        "--measurements",
        default="20",
        metavar="M",
        help="how often to measure, and to store; at most once for each step of all copies (default: 20)",
    )
    add_jobs(parser)
    parser.add_argument("--out", metavar="DIR", help="keep the study in this folder")
    parser.add_argument("--resume", action="store_true", help="go on with the study that --out holds")
    parser.add_argument("--format", metavar="FORMAT", help=f"{'|'.join(FORMATS)} (default: table)")
    return parser


def _seeds(text: str) -> tuple[int, ...]:
    """So many seeds from 0 on, or those with commas between them."""
    from mathrl.base.checks import count

    if "," not in text:
        return tuple(range(count("--seeds", whole_number("--seeds", text, 1), 1, MOST_SEEDS)))
    return tuple(whole_number("--seeds", part) for part in text.removesuffix(",").split(","))


def _listing(format: str) -> str:
    """What there is; settings are read from their classes, which need JAX."""
    if missing("neural"):
        from mathrl.cli.train_names import names_alone

        return names_alone(format)
    from mathrl.cli.train_settings import listing

    return listing(format)


def _plan(arguments: argparse.Namespace, steps: int, seeds: tuple[int, ...], measurements: int) -> "Plan":
    """What is to be trained, once all that the arguments alone decide is checked, and the game is read."""
    from mathrl.base.checks import choice, fail
    from mathrl.cli.train_results import Plan
    from mathrl.cli.train_settings import assigned
    from mathrl.neural.algorithms import ALGORITHMS
    from mathrl.neural.named import environment

    for metavar in ("ALGORITHM", "GAME"):
        if getattr(arguments, metavar.lower()) is None:
            fail(metavar, "is missing", "mathrl train ALGORITHM GAME", "mathrl train --list shows what there is")
    algorithm = ALGORITHMS[choice("ALGORITHM", arguments.algorithm, ALGORITHMS)]
    settings = assigned(algorithm.settings, arguments.set)
    begin = algorithm.loop.waits(settings)
    if steps <= begin:
        found = f"is {steps}, and policies begin to learn after {begin}"
        fail("--steps", found, "a larger number", "or less before that, with --set explore=N and --set prepare=N")
    folder = _folder(arguments.out, resume=arguments.resume)
    name = arguments.game
    return Plan(algorithm, name, environment(name), settings, steps, seeds, measurements, folder)


def _folder(out: str | None, *, resume: bool) -> Path | None:
    """The folder of the study, refused where it cannot be written, or holds what it should not."""
    from mathrl.base.checks import fail
    from mathrl.base.files import check_writable
    from mathrl.neural.folder import FILES

    if out is None:
        if resume:
            fail("--resume", "is given without --out", "--out DIR beside it", "DIR is the folder of the study")
        return None
    folder = Path(out)
    held = [name for name in FILES if out != "" and os.path.exists(folder / name)]
    if resume and not held:
        fail("--resume", f"finds no study in {out!r}", "the folder of one", "leave --resume out to begin one")
    if held not in ([], [FILES[0]]) and not resume:  # that file alone is of a study that was never measured
        fail(f"--out {out}", "holds a study", "another folder, or --resume, which goes on with it")
    there = folder
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    if out == "" or not os.path.isdir(there):
        fail(f"--out {out}".rstrip(), f"is {'empty' if out == '' else 'no folder'}", "the name of a folder")
    check_writable(f"--out {out}", there / FILES[0])
    return folder


def _study(plan: "Plan", jobs: int) -> "tuple[Sequence[Row], Study | None]":
    """Train; after an interrupt there are the rows so far, and no study."""
    import jax
    import numpy as np

    from mathrl.base.checks import InvalidInput
    from mathrl.neural.study import study

    rows: Sequence[Row] = ()
    with (
        output.progress(plan.measurements, "measurement") as advance,
        np.errstate(invalid="ignore", over="ignore"),
        _lost_interrupts() as raise_again,
    ):

        def measured(stored: "Sequence[Row]") -> None:
            nonlocal rows
            for _ in range((len(stored) - len(rows)) // len(plan.seeds)):
                advance("", True)
            rows = stored
            raise_again()

        try:
            done = study(
                plan.algorithm,
                plan.environment,
                plan.settings,
                steps=plan.steps,
                seeds=plan.seeds,
                measurements=plan.measurements,
                jobs=jobs,
                folder=plan.folder,
                description=plan.told(),
                progress=lambda what, done: None if done else advance(what, False),
                measured=measured,
            )
        except KeyboardInterrupt:
            if not rows:
                raise
            return rows, None
        except jax.errors.JaxRuntimeError as error:
            if not re.search("RESOURCE_EXHAUSTED|Out of memory", str(error)):
                raise
            smaller = "a smaller batch, capacity, hidden or copies, or a smaller game"
            raise InvalidInput(f"out of memory, expected {smaller}") from error
    return rows, done


@contextmanager
def _lost_interrupts() -> Iterator[Callable[[], None]]:
    """Give a function that raises an interrupt again which came where Python ignores it, as in a callback of JAX."""
    seen = []

    def note(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        signal.default_int_handler(number, frame)

    def raise_again() -> None:
        if seen:
            raise KeyboardInterrupt

    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield raise_again
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield raise_again
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _report(plan: "Plan", rows: "Sequence[Row]", study: "Study | None", format: str) -> int:
    """Write the files of a study that is done, show the results, and say what is wrong with them; the exit status."""
    from mathrl.cli.train_results import keep, rendered, without_numbers

    if study is not None:
        keep(plan, study)
    output.show(rendered(plan, rows, format))
    lost = without_numbers(plan, rows)
    if lost:
        unwritten = ", for which no learned-K.json is written" if plan.folder is not None else ""
        output.say(
            f"learning went astray, and numbers are not finite: seed {', '.join(map(str, lost))}{unwritten}; "
            "a smaller critic_rate or actor_rate may help"
        )
    if study is None:
        go_on = "go on with --resume" if plan.folder is not None else "with --out DIR it could go on"
        output.say(f"interrupted at step {rows[-1]['step']}: {go_on}")
    return int(study is None or bool(lost))
