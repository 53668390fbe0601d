"""The gallery: three files for each figure, and a page that shows all of them."""

from html.parser import HTMLParser

from mathrl.base.drawing import Drawing
from mathrl.figures.gallery import gallery, main
from mathrl.figures.plot import COLUMN, mosaic, style
from mathrl.figures.reproductions import figures


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def drawing(id, width):
    def draw():
        with style():
            figure, axes = mosaic([["one"]], height=1.0, widths=[1], width=width)
            axes["one"].plot([0, 1], [0, 1])
        return figure

    return Drawing(id, 'a caption with < and & and "quotes"', draw)


def test_each_figure_has_three_files_and_is_shown_twice_at_its_width(tmp_path):
    told = []
    drawings = {"one": drawing("one", COLUMN), "two": drawing("two", 7.0)}
    index = gallery(tmp_path / "new" / "folder", drawings, advance=lambda what, done: told.append((what, done)))
    files = sorted(path.name for path in index.parent.iterdir())
    assert files == sorted(["index.html", *(f"{id}.{end}" for id in drawings for end in ("png", "svg", "pdf"))])
    assert told == [("one", False), ("one", True), ("two", False), ("two", True)]
    page = Page()
    page.feed(index.read_text(encoding="utf-8"))
    images = [attrs for tag, attrs in page.found if tag == "img"]
    assert [image["src"] for image in images] == ["one.png", "one.png", "two.png", "two.png"]
    assert [image["style"] for image in images] == ["width: 3.5in"] * 2 + ["width: 7in"] * 2
    assert images[0]["alt"] == 'a caption with < and & and "quotes"'
    assert [attrs["href"] for tag, attrs in page.found if tag == "a"] == [
        f"{id}.{end}" for id in drawings for end in ("png", "svg", "pdf")
    ]


def test_the_same_figure_is_the_same_files(tmp_path):
    for folder in ("one", "two"):
        gallery(tmp_path / folder, {"one": drawing("one", COLUMN)})
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_program_draws_all_figures_and_wants_a_folder(tmp_path, monkeypatch, capsys):
    """All that are declared: here two of them, with small pictures in their place."""
    drawings = {id: drawing(id, COLUMN) for id in list(figures())[::10]}
    assert len(drawings) > 1
    monkeypatch.setattr("mathrl.figures.reproductions.figures", lambda: drawings)
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'index.html'}\n"
    assert {path.stem for path in tmp_path.glob("*.pdf")} == set(drawings)
    assert main([]) == 2
    assert "FOLDER" in capsys.readouterr().err
