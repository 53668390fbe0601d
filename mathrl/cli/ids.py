"""Ids of tables and figures: one that is unknown is refused with those that its paper has."""

from collections.abc import Collection, Iterable, Sequence

__all__ = ["check_of_paper"]


def check_of_paper(id: str, known: Iterable[str], what: str, also: str = "") -> None:
    """Refuse an unknown id that begins with a paper, and say what ids there are of it; other ids are let pass.

    The id of a claim, hasac.theorem-1 for example, is refused with the command that takes it.

    `what` is expected, "a table or figure" for example, and `also` says where more can be found.
    """
    from mathrl.base.checks import fail
    from mathrl.base.papers import TITLES
    from mathrl.base.reproduction import paper_of
    from mathrl.base.text import shown

    if "." in id and id.partition(".")[0] in TITLES:
        fail("ID", f"{shown(id)} is unknown", what, f"claims are decided by mathrl check: mathrl check {id}")
    ids, paper = list(known), paper_of(id)
    if id in ids or id == paper or paper not in TITLES:
        return
    there = [name.removeprefix(f"{paper}-") for name in ids if paper_of(name) == paper]
    mend = f"there {'is' if len(there) == 1 else 'are'} {_listed(there)}" if there else "there is none"
    fail("ID", f"{shown(id)} is unknown", f"{what} of {paper}", f"{mend}{also and f'; {also}'}")


def _listed(names: Collection[str]) -> str:
    """Names in order; where the number at the end grows by one, the first and the last, as in table-1 to table-5."""
    groups: list[list[str]] = []
    for name in sorted(names, key=_place):
        stem, number = _place(name)
        if number and groups and _place(groups[-1][-1]) == (stem, number - 1):
            groups[-1].append(name)
        else:
            groups.append([name])
    return ", ".join(_span(group) for group in groups)


def _span(group: Sequence[str]) -> str:
    return group[0] if len(group) == 1 else f"{group[0]} to {group[-1]}"


def _place(name: str) -> tuple[str, int]:
    """A name without the number at its end, and that number, 0 where there is none."""
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0)
