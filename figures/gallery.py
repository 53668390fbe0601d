"""All figures as files, and a page that shows them: `python -m mathrl.figures.gallery FOLDER`.

The page has each figure at the width that it has in print, in colour and in grey, with links to its three files.
"""

import sys
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path

from mathrl.base.drawing import Drawing
from mathrl.base.files import write_bytes
from mathrl.base.jobs import nothing

__all__ = ["gallery", "main", "page"]

HEAD = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>mathrl: figures</title>
<style>
body { font-family: sans-serif; margin: 2em; }
figure { margin: 2em 0; }
figcaption { max-width: 45em; margin-bottom: 0.6em; }
.grey { filter: grayscale(1); }
</style>
<h1>Figures</h1>
<p>Each figure at its width in print, in colour and in grey.</p>
"""


def gallery(folder: Path, drawings: Mapping[str, Drawing], *, advance: Callable[[str, bool], None] = nothing) -> Path:
    """Write each figure as .png, .svg and .pdf, and the page index.html, and return the path of the page.

    `folder`    where files are written; made if there is none
    `drawings`  by id, as `mathrl.figures.reproductions.figures` returns them
    `advance`   is told the id of a figure when it is begun, and when its files are written
    """
    from mathrl.figures.plot import FORMATS, save

    folder.mkdir(parents=True, exist_ok=True)
    widths: dict[str, float] = {}
    for id, drawing in drawings.items():
        advance(id, False)
        figure = drawing.draw()
        widths[id] = float(figure.get_figwidth())
        for ending in FORMATS:
            save(figure, folder / f"{id}{ending}")
        advance(id, True)
    index = folder / "index.html"
    write_bytes(index, page(drawings, widths).encode())
    return index


def page(drawings: Mapping[str, Drawing], widths: Mapping[str, float]) -> str:
    """The page's text; widths are in inches."""
    from mathrl.figures.plot import FORMATS

    parts = [HEAD]
    for id, drawing in drawings.items():
        links = ", ".join(f'<a href="{escape(id)}{ending}">{ending[1:].upper()}</a>' for ending in FORMATS)
        shown = f'src="{escape(id)}.png" alt="{escape(drawing.caption)}" style="width: {widths[id]:g}in"'
        parts.append(
            f'<figure id="{escape(id)}">\n'
            f"<figcaption><b>{escape(id)}</b>: {escape(drawing.caption)} ({links})</figcaption>\n"
            f'<img {shown}>\n<img class="grey" {shown}>\n</figure>\n'
        )
    return "".join(parts) + "</html>\n"


def main(arguments: list[str]) -> int:
    """Write the gallery into the folder that is named, and print the path of its page."""
    from mathrl.figures.reproductions import figures

    if len(arguments) != 1:
        sys.stderr.write("usage: python -m mathrl.figures.gallery FOLDER\n")
        return 2
    sys.stdout.write(f"{gallery(Path(arguments[0]), figures())}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
