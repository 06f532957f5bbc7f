"""Verdicts as text, tree and HTML: what is folded, marked and escaped."""

from html.parser import HTMLParser

import pytest
import torch

import graphgrad as gg
from graphgrad.autodiff.verdict import Break, Explanation, Verdict

HOSTILE = [
    "</script><b>",
    "\"'&<img src=x onerror=alert(1)>",
    "漢字テンソル",
    "n" * 500,
    "\u202ertl\x00\x1b[31m",
    "a\nb",
]


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [3], name="x")


def tree(answer):
    """The lines without the places in files."""
    return [line.split("   ")[0] if "✗ cut" in line else line for line in answer.tree().split("\n")]


class Page(HTMLParser):
    """The tags and the text of a page; fails where a tag is not closed in its turn."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


# -- the tree -------------------------------------------------------------------------------------------


def test_a_tree_goes_from_y_down_to_x_and_marks_the_break(x):
    y = gg.multiply(gg.floor(gg.exp(x, name="h"), name="cut"), 2.0, name="y")
    answer = gg.explain(y, x)
    assert tree(answer) == [
        "y",
        "│  cut",
        "│  ✗ cut in cut: nothing flows through this operation: its derivative does not depend on that input",
        "│  h",
        "└─ ✗ x   every path is cut here",
    ]
    assert "test_verdict.py:" in answer.tree() and answer[0].tree() == answer.tree()


def test_breaks_in_series_are_all_marked(x):
    y = gg.exp(gg.stop_gradient(gg.floor(x, name="a"), name="b"), name="y")
    lines = tree(gg.explain(y, x))
    assert [line.split(":")[0] for line in lines[1:-1]] == ["│  b", "│  ✗ cut in b", "│  a", "│  ✗ cut in a"]


def test_a_side_branch_is_drawn_before_the_longest_goes_on(x):
    w = gg.placeholder(gg.float32, [3], name="w")
    h = gg.multiply(gg.exp(x, name="e"), w, name="h")
    assert tree(gg.explain(gg.sin(h, name="y"), [x, w])) == [
        "y",
        "│  h",
        "├─ ✓ w   connected",
        "│  e",
        "└─ ✓ x   connected",
    ]


def test_a_path_cut_beside_an_open_one(x):
    y = gg.multiply(gg.stop_gradient(x, name="cut"), x, name="y")
    assert tree(gg.explain(y, x)) == [
        "y",
        "├─ ✓ x   connected",
        "│  cut",
        "│  ✗ cut in cut: it is the output of stop_gradient",
        "└─ ◐ x   cut on this path, connected on another",
    ]


def test_an_open_edge_of_an_operation_that_cuts_another_is_not_marked(x):
    w = gg.placeholder(gg.float32, [3], name="w")
    y = x.expand_as(w)
    answer = gg.explain(y * 2.0, [x, w])
    assert [verdict.symbol for verdict in answer.verdicts] == ["✓", "✗"]
    assert "cut in" not in answer[0].tree() and "cut in expand_as" in answer[1].tree()


@pytest.mark.parametrize("length", [3, 8, 60, 3000])
def test_long_runs_are_folded(x, length):
    y = gg.floor(x, name="cut")
    for n in range(length):
        y = gg.exp(y, name=f"e{n}")
    answer = gg.explain(y, x)
    lines = tree(answer)
    assert lines[0] == f"e{length - 1}" and lines[-2].startswith("│  ✗ cut in cut") and lines[-3] == "│  cut"
    assert len(lines) <= 10 and max(map(len, lines)) < 160
    assert (length > 6) is any("operations" in line for line in lines)
    if length == 60:
        assert "│  ... 56 operations ..." in lines
        assert str(gg.explain(y, answer[0].breaks[0].op.outputs[0])) == (
            "cut:0 is connected: cut -> e0 -> e1 -> ... 55 operations ... -> e57 -> e58 -> e59"
        )


def test_a_model_of_many_layers_is_no_wider_than_one_layer():
    x = gg.placeholder(gg.float32, [3], name="x")
    weights, h = [], x
    for n in range(40):
        weights.append(gg.placeholder(gg.float32, [3], name=f"w{n}"))
        h = gg.exp(h * weights[-1], name=f"layer{n}")
    drawn = gg.explain(h, weights).tree()
    assert max(map(len, drawn.split("\n"))) < 40
    assert all(f"─ ✓ w{n} " in drawn for n in range(40))


def test_a_shared_way_is_drawn_once(x):
    h = gg.exp(gg.sin(gg.cos(x, name="c"), name="s"), name="h")
    lines = tree(gg.explain(gg.add(gg.floor(h, name="a"), gg.stop_gradient(h, name="b"), name="y"), x))
    assert sum("│  s" in line for line in lines) == 1
    assert sum("⋮ on to x on a way that is drawn elsewhere" in line for line in lines) == 1


def test_what_has_no_way_is_listed_below(x):
    other = gg.placeholder(gg.float32, [3], name="other")
    y = gg.exp(x, name="y")
    assert gg.explain(y, [other, x]).tree().split("\n") == [
        "y",
        "└─ ✓ x   connected",
        "✗ other   no operation leads from it to the ys at all",
    ]


def test_a_tree_per_y(x):
    first, second = gg.exp(x, name="first"), gg.floor(x, name="second")
    lines = tree(gg.explain([first, second], x))
    assert [line for line in lines if line[0] not in "│├└"] == ["first", "second"]


def test_a_y_that_is_x(x):
    assert gg.explain(x, x).tree() == "x\n└─ ✓ x   connected"


def test_many_cut_ways_to_many_xs_are_counted(x):
    xs = [gg.placeholder(gg.float32, [3], name=f"x{n}") for n in range(20)]
    total = gg.add_n(xs, name="total")
    y = gg.add_n([gg.floor(total, name=f"f{n}") for n in range(5)], name="y")
    answer = gg.explain(y, xs)
    assert "... 3 more ways to x7 are cut" in answer.tree() and "more ways" not in answer[7].tree()


# -- text -----------------------------------------------------------------------------------------------


def test_a_break_without_a_reason_shows_its_kind(x):
    assert str(Break("stop", x.op, "h:0", "do")).startswith("stop (h:0)\n  at       x")
    assert Break("stop", x.op, "h:0", "do") == Break("stop", x.op, "h:0", "do", lost=["x:0"])
    assert Break("stop", x.op, "h:0", "do").place.startswith("tests/autodiff/test_verdict.py:")


def test_a_break_that_no_route_shows_has_an_empty_one(x):
    verdict = gg.explain(gg.floor(x), x)[0]
    assert verdict.route(verdict.breaks[0]) and verdict.route(Break("stop", x.op, "h:0", "do")) == []


def test_the_ways_that_meet_what_torch_lacks(x):
    y = torch.special.zeta(gg.exp(x, name="h"), gg.ones([3]))
    assert gg.explain(y, x).lacking() == ["special_zeta <- h <- x"]
    assert gg.explain(gg.floor(x), x).lacking() == []


# -- HTML -----------------------------------------------------------------------------------------------


def test_a_page_has_details_per_x_with_a_mark_and_words(x):
    other = gg.placeholder(gg.float32, [3], name="other")
    half = gg.placeholder(gg.float32, [3], name="half")
    page = Page(gg.explain(x + gg.floor(other) + half * gg.floor(half), [x, other, half])._repr_html_())
    opened = [attrs for tag, attrs in page.tags if tag == "details"]
    assert ["open" in attrs for attrs in opened] == [False, True, True]
    assert "✓ x:0 is connected" in page.text and "✗ other:0 no gradient reaches it: every path is cut" in page.text
    assert "◐ half:0 is connected, but cut on another path" in page.text
    assert "a gradient reaches 2 of 3 xs" in page.text and "test_verdict.py" in page.text


def test_a_verdict_shows_itself(x):
    page = Page(gg.explain(gg.floor(x), x)[0]._repr_html_())
    assert [tag for tag, _ in page.tags].count("details") == 1 and "floor" in page.text


@pytest.mark.parametrize("name", HOSTILE, ids=["script", "quotes", "chinese", "long", "control", "newline"])
def test_hostile_names_stay_text(x, name):
    verdict = Verdict(name, False, [Break("stop", x.op, name, name, name, name, [name])], note="cut")
    verdict.routes = [[name, name, "y:0"]]
    page = Page(Explanation([verdict])._repr_html_())
    assert {tag for tag, _ in page.tags} <= {"div", "details", "summary", "span", "b", "bdi", "pre"}
    assert not any(key.startswith("on") or key in ("src", "href") for _, attrs in page.tags for key in attrs)
    assert "\u202e" not in page.text and "\x1b" not in page.text and "\x00" not in page.text
    drawn = verdict.tree()
    assert len(drawn.split("\n")) == 4 and max(map(len, drawn.split("\n"))) < 300
    assert name[:2] in drawn or not name[:2].isprintable()


def test_a_hostile_line_of_the_user_is_escaped(x):
    y = gg.floor(x)  # </pre><script>alert("1")</script> & 漢字
    page = gg.explain(y, x)._repr_html_()
    assert "<script" not in page and "&lt;script&gt;alert(&quot;1&quot;)" in page and "漢字" in page
    assert 'alert("1")</script> & 漢字' in Page(page).text
