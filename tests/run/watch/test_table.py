"""Tables of text: aligned, and with nothing taken for markup."""

import html.parser

from graphgrad.run.watch.table import html_table, printable, text_table
from tests.view.hostile import NAMES


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert text_table(["a", "b"], [["one", "1"], ["x", "100"]], [1]) == "a      b\none    1\nx    100"


def test_hostile_names_stay_in_their_row() -> None:
    text = text_table(["name"], [[name] for name in NAMES])
    assert len(text.split("\n")) == len(NAMES) + 1 and all(line.isprintable() for line in text.split("\n"))


class Cells(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_hostile_names_are_text_in_html() -> None:
    cells = Cells()
    cells.feed(html_table(NAMES[1], ["name"], [[name] for name in NAMES]))
    assert set(cells.tags) == {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert cells.texts == [printable(NAMES[1]), "name", *map(printable, NAMES)]
