"""What `mathrl train --list` shows where JAX is not installed: algorithms and environments without their settings."""

import json
from operator import itemgetter

from mathrl.base.extras import missing, need
from mathrl.base.table import Column, Table
from mathrl.cli import output
from mathrl.games import entry, load, names
from mathrl.neural.summaries import ALGORITHMS, ENVIRONMENTS

__all__ = ["columns", "environments", "names_alone"]


def names_alone(format: str) -> str:
    """Algorithms and environments. Raises `ValueError` for CSV, whose rows are settings."""
    if format == "json":
        algorithms = [{"name": name, "summary": summary, "settings": None} for name, summary in ALGORITHMS.items()]
        there = [{"name": name, "summary": summary} for name, summary in environments()]
        return json.dumps({"algorithms": algorithms, "environments": there}, ensure_ascii=False, indent=1) + "\n"
    if format == "csv":
        need("mathrl train --list --format csv", "neural")
    output.say(f"settings are listed where JAX is installed ({missing('neural')}): pip install 'mathrl[neural]'")
    tables = [
        Table(columns("algorithm", "what it is"), list(ALGORITHMS.items())),
        Table(columns("environment", "what it is"), environments()),
    ]
    return output.render(tables, format)


def environments() -> list[tuple[str, str]]:
    """All environments by name; files of games come besides."""
    games = [(name, entry(name).summary) for name in names() if load(name).common_payoff]
    return [*games, *ENVIRONMENTS.items()]


def columns(*heads: str) -> list[Column]:
    """Columns with these heads for rows of as many entries."""
    return [Column(head, itemgetter(k)) for k, head in enumerate(heads)]
