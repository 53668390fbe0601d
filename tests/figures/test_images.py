"""Some figures as pictures, compared with how they were: `--mpl-generate-path=tests/figures/baseline` draws them anew.

Their text is in the DejaVu fonts that come with matplotlib, and in none of the machine's own. How matplotlib lays out
text changes with its releases: 3.9 differs from 3.11 by 32 to 48. So they are compared in the release that drew them.
"""

import matplotlib
import numpy as np
import pytest
from matplotlib.testing.compare import calculate_rms

from mathrl.figures.reproductions import figures

pytest.importorskip("pytest_mpl", reason="compares pictures: pip install 'mathrl[dev]'")

RELEASE = "3.11"
"""That drew the pictures."""

IDS = [
    "rommeo-figure-2a",
    "aorpo-figure-4",
    "aorpo-table-1",
    "hasac-table-3",
    "dmac-appendix-a.2",
    "soft-qmix-table-2a",
    "soft-qmix-table-4",
]
"""One or two of each paper, of what is computed without random runs."""

TOLERANCE = 1.0
"""Root mean square of the differences of pixels, of 255. The release that drew them gives 0, but for what the last
digits of numbers, which depend on the processor, do to the edge of a line; one thin curve that is lost gives 3.3, a
title 6.3."""

LOOK = {"baseline_dir": "baseline", "tolerance": TOLERANCE, "style": "default", "savefig_kwargs": {"dpi": 80}}


@pytest.mark.skipif(not matplotlib.__version__.startswith(f"{RELEASE}."), reason=f"the pictures are of {RELEASE}")
@pytest.mark.mpl_image_compare(**LOOK)
@pytest.mark.parametrize("id", IDS)
def test_picture(id):
    return figures()[id].draw()


def pixels(figure):
    figure.set_dpi(80)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(float)


def test_the_tolerance_sees_a_curve_or_a_title_that_is_lost():
    figure = figures()["hasac-table-3"].draw()
    before = pixels(figure)
    assert calculate_rms(before, pixels(figure)) == 0
    panel = figure.axes[0]
    title = panel.get_title(loc="left")
    panel.set_title("", loc="left")
    assert calculate_rms(before, pixels(figure)) > 2 * TOLERANCE
    panel.set_title(title, loc="left")
    panel.get_lines()[1].set_visible(False)
    assert calculate_rms(before, pixels(figure)) > 2 * TOLERANCE
