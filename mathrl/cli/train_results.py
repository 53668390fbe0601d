"""What `mathrl train` shows and writes: tables, JSON, what was learned, and curves."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mathrl.base.table import Column, Table
from mathrl.cli import output

if TYPE_CHECKING:
    from mathrl.base.checks import FloatArray
    from mathrl.base.reproduction import Estimate
    from mathrl.neural.algorithm import Algorithm
    from mathrl.neural.environments import Environment
    from mathrl.neural.folder import Row
    from mathrl.neural.settings import Common
    from mathrl.neural.study import Study

__all__ = ["Plan", "keep", "rendered", "without_numbers"]

MEASURES = {
    "return": ".6g",
    "objective": ".6g",
    "residual": ".3g",
    "critic_error": ".3g",
    "entropy": ".4g",
    "temperature": ".4g",
}
"""What a table shows of each seed, and in which form."""

VALUES, ERRORS = ("return", "objective"), ("residual", "critic_error")
"""What is drawn of them, in the first panel and in the second."""


class Plan(NamedTuple):
    """What is trained, where, how long, and where it is kept."""

    algorithm: "Algorithm"
    name: str
    environment: "Environment"
    settings: "Common"
    steps: int
    seeds: tuple[int, ...]
    measurements: int
    folder: Path | None

    def told(self) -> dict[str, Any]:
        """The names of what is trained, without the folder of a game file."""
        from mathrl.games.files import names_file

        name = Path(self.name).name if names_file(self.name) else self.name
        return {"algorithm": self.algorithm.name, "environment": name}


def rendered(plan: Plan, rows: "Sequence[Row]", format: str) -> str:
    """The last measurement of each seed, and what the seeds have in common."""
    last = rows[-len(plan.seeds) :]
    found = _summary(last)
    if format == "json":
        return _json(plan, last, found)
    shown: list[dict[str, Any]] = [dict(row) for row in last]
    if len(plan.seeds) > 1:
        for head, part in (("IQM", "value"), ("low", "low"), ("high", "high")):
            of_part = {name: getattr(known, part) if known else math.nan for name, known in found.items()}
            shown.append({"seed": head, "step": last[0]["step"], **of_part})
    columns = [Column("seed", lambda row: row["seed"], number=True), Column("step", lambda row: row["step"])]
    columns += [_column(name, "" if format == "csv" else MEASURES[name]) for name in found]
    caption = f"{plan.algorithm.name} on {plan.told()['environment']}"
    note = "IQM: interquartile mean over seeds; low, high: its 95 % bootstrap interval"
    return output.render([Table(columns, shown, caption, [note] if len(plan.seeds) > 1 else [])], format)


def without_numbers(plan: Plan, rows: "Sequence[Row]") -> list[int]:
    """The seeds whose last measurement is not finite."""
    last = rows[-len(plan.seeds) :]
    return [int(row["seed"]) for row in last if not all(map(math.isfinite, row.values()))]


def keep(plan: Plan, study: "Study") -> None:
    """Write what was learned and the picture of it into the folder of the study, if it has one."""
    if plan.folder is None:
        return
    from mathrl.base.files import write_text
    from mathrl.neural.tabular import Tabular

    last = study.rows[-len(plan.seeds) :]
    if isinstance(plan.environment, Tabular):
        lost = without_numbers(plan, study.rows)
        found = zip(last, study.learners, strict=True)
        for row, learner in ((row, learner) for row, learner in found if row["seed"] not in lost):
            text = json.dumps({**plan.told(), **_learned(plan.environment, row, learner)}) + "\n"
            write_text(plan.folder / f"learned-{row['seed']}.json", text)
    _draw(plan, study.rows, plan.folder / "curve.png")


def _column(name: str, spec: str) -> Column:
    return Column(name, lambda row: row[name], spec)


def _summary(last: "Sequence[Row]") -> "dict[str, Estimate | None]":
    """Of each measure the interquartile mean and its interval; None where a number is not finite."""
    from mathrl.base.intervals import estimate

    found: dict[str, Estimate | None] = {}
    for name in (name for name in MEASURES if name in last[0]):
        numbers = [row[name] for row in last]
        found[name] = estimate(numbers) if all(map(math.isfinite, numbers)) else None
    return found


def _json(plan: Plan, last: "Sequence[Row]", found: "dict[str, Estimate | None]") -> str:
    from dataclasses import asdict

    from mathrl.base.document import plain

    summary = {
        name: known and {"interquartile_mean": known.value, "low": known.low, "high": known.high}
        for name, known in found.items()
    }
    told = {**plan.told(), "steps": last[0]["step"], "settings": asdict(plan.settings)}
    return json.dumps(plain({**told, "seeds": list(last), "summary": summary}), ensure_ascii=False, indent=1) + "\n"


def _learned(environment: Any, row: "Row", learner: Any) -> dict[str, Any]:
    """The networks of a seed as tables."""
    from mathrl.base.document import plain
    from mathrl.neural.measures import critic_table, policy_tables

    policy, q = policy_tables(environment, learner), critic_table(environment, learner)
    known = {"seed": row["seed"], "step": row["step"], "temperature": math.exp(float(learner.log_temperature))}
    tables: dict[str, Any] = plain({**known, "policy": list(policy), "q": q})
    return tables


def _draw(plan: Plan, rows: "Sequence[Row]", path: Path) -> None:
    import numpy as np

    from mathrl.figures.curves import draw
    from mathrl.figures.plot import save

    steps = [row["step"] for row in rows[:: len(plan.seeds)]]

    def curves(names: Sequence[str]) -> "dict[str, FloatArray]":
        of_rows = {name: [row[name] for row in rows] for name in names if name in rows[0]}
        return {name: np.array(x).reshape(-1, len(plan.seeds)).T for name, x in of_rows.items()}

    settings = plan.settings
    alpha = f"temperature {settings.temperature:g}{' at the start' if settings.tuned else ''}"
    title = f"{plan.algorithm.name} on {plan.told()['environment']}, {alpha}"
    save(draw(steps, curves(VALUES), curves(ERRORS), title=title, begin=plan.algorithm.loop.waits(settings)), path)
