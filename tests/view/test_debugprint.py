"""`gg.debugprint`: whole pictures letter by letter, and what holds of the picture of any program."""

import io
import re
import sys
from collections import Counter
from textwrap import dedent
from typing import Any

import pytest
import torch

import graphgrad as gg
from graphgrad.graph.operation import Operation, Role
from graphgrad.graph.walk import upstream
from graphgrad.ground.spec import declared
from graphgrad.view import debugprint as module
from graphgrad.view.debugprint import debugprint
from tests.view.pictures import EVIL, programme

LINE = re.compile(
    r"(?:\[\d+\] )?(?P<indent>(?:\(\d+\))?[│├└─ ]*)\^?(?P<type>\S+) (?P<name>\S+)(?: .*?)??"
    r"(?P<id> \[id \d+\])?(?P<again> \.\.\.)?(?: \((?P<below>[\d,]+) operations? below\))?$"
)


def text_of(obj: Any, **options: Any) -> str:
    return debugprint(obj, file="str", **options)


def same(obj: Any, expected: str, **options: Any) -> None:
    assert text_of(obj, **options) == dedent(expected).lstrip("\n")


def inputs(op: Operation) -> list[Operation]:
    return [*(value.op for value in op.reads), *op.controls]


# -- one line -------------------------------------------------------------------------------------


def test_sources() -> None:
    x = gg.placeholder(gg.float32, [None, 3], name="x")
    w = gg.Variable([1.0], name="w")
    same(
        [x, w, w.read_value(), w.assign([2.0])],
        """
        [0] Placeholder x float32[?, 3]
        [1] Variable w float32[1]
        [2] Variable w/read of w float32[1]
        [3] Assign assign of w float32[1]
            └─ Constant Const float32[1] = [2.0]
        """,
    )


def test_lines_of_the_user() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    line = sys._getframe().f_lineno - 1
    s = gg.sin(x)
    found = text_of(s + s, lines=True).splitlines()
    assert found[0].endswith(f"test_debugprint.py:{line + 3}") and " float32[] <- " in found[0]
    assert found[1].endswith(f"test_debugprint.py:{line + 2}") and " [id 1] <- " in found[1]
    assert found[2].endswith(f"test_debugprint.py:{line}")
    assert found[3].endswith(" [id 1] ...")
    assert "<-" not in text_of(x)


def test_an_operation_without_a_line() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    x.op.code = None
    assert text_of(x, lines=True) == "Placeholder x float32[]\n"


# -- the tree -------------------------------------------------------------------------------------


def test_what_is_shared_is_shown_once() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    h = gg.sin(x, name="h")
    same(
        gg.add(gg.multiply(h, x, name="m"), gg.exp(h, name="e"), name="y"),
        """
        Add y
        ├─ Mul m
        │  ├─ Sin h [id 1]
        │  │  └─ Placeholder x [id 2]
        │  └─ Placeholder x [id 2]
        └─ Exp e
           └─ Sin h [id 1] ...
        """,
        shapes=False,
    )


def test_it_is_shown_in_full_where_it_is_nearest_to_the_top() -> None:
    h = gg.sin(gg.placeholder(gg.float32, [], name="x"), name="h")
    same(
        gg.add(gg.exp(h, name="e"), h, name="y"),
        """
        Add y
        ├─ Exp e
        │  └─ Sin h [id 1] ...
        └─ Sin h [id 1]
           └─ Placeholder x
        """,
        shapes=False,
    )


def test_what_is_on_top_is_in_full_there() -> None:
    h = gg.sin(gg.placeholder(gg.float32, [], name="x"), name="h")
    same(
        [gg.exp(h, name="e"), h, h],
        """
        [0] Exp e
            └─ Sin h [id 1] ...
        [1] Sin h [id 1]
            └─ Placeholder x
        [2] Sin h [id 1] ...
        """,
        shapes=False,
    )


def test_a_constant_that_is_met_again_still_has_its_numbers() -> None:
    c = gg.constant(2.0, name="c")
    assert text_of(c * c).count("Constant c float32[] = 2.0 [id 1]\n") == 2


def test_control_inputs_are_marked() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    with gg.control_dependencies([gg.sin(x, name="s")]):
        y = gg.exp(x, name="y")
    same(
        gg.group(y, name="all"),
        """
        NoOp all
        └─ ^Exp y float32[]
           ├─ Placeholder x float32[] [id 1]
           └─ ^Sin s float32[]
              └─ Placeholder x float32[] [id 1]
        """,
    )


def test_a_nest_names_its_places() -> None:
    a, b = gg.placeholder(gg.float32, [], name="a"), gg.placeholder(gg.float32, [], name="b")
    same(
        {"loss": gg.sin(a, name="s"), 3: (None, [b])},
        """
        ['loss'] Sin s float32[]
                 └─ Placeholder a float32[]
        [3][0] None
        [3][1][0] Placeholder b float32[]
        """,
    )
    assert text_of([]) == text_of({}) == ""


def test_a_graph_shows_its_sinks() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    first = gg.sin(x, name="first")
    with gg.control_dependencies([gg.exp(x, name="waited")]):
        gg.cos(x, name="last")
    tops = [line for line in text_of(gg.get_default_graph(), shapes=False).splitlines() if line[0].isalpha()]
    assert tops == ["Sin first", "Cos last"]
    assert first.op not in upstream([gg.get_default_graph().get_operation_by_name("last")])
    assert text_of(gg.Graph()) == ""


def test_sizes() -> None:
    x = gg.placeholder(gg.float32, [None], name="x")
    size = x.shape[0]
    before = len(x.graph)
    assert text_of(size) == "Placeholder x float32[?]\n"
    assert len(x.graph) == before
    assert "Size size (_, 0) int [id 1]" in text_of(gg.ones([size]) * size)
    assert text_of(size).startswith("Size size (_, 0) int\n")


# -- depth ----------------------------------------------------------------------------------------


def test_depth() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    y = gg.add(gg.sin(gg.exp(x, name="e"), name="s"), x, name="y")
    for depth, expected in (
        (0, "Add y (3 operations below)\n"),
        (1, "Add y\n├─ Sin s (2 operations below)\n└─ Placeholder x\n"),
        (2, "Add y\n├─ Sin s\n│  └─ Exp e (1 operation below)\n└─ Placeholder x\n"),
        (3, text_of(y, shapes=False)),
        (99, text_of(y, shapes=False)),
    ):
        assert text_of(y, depth=depth, shapes=False) == expected


def test_what_is_cut_off_in_one_place_is_shown_where_there_is_room() -> None:
    h = gg.sin(gg.exp(gg.placeholder(gg.float32, [], name="x"), name="e"), name="h")
    y = gg.add(gg.cos(h, name="c"), h, name="y")
    same(
        y,
        """
        Add y
        ├─ Cos c
        │  └─ Sin h [id 1] ...
        └─ Sin h [id 1]
           └─ Exp e (1 operation below)
        """,
        depth=2,
        shapes=False,
    )


def test_a_shared_operation_is_cut_off_once() -> None:
    h = gg.sin(gg.placeholder(gg.float32, [], name="x"), name="h")
    assert text_of(h * h, depth=1, shapes=False) == (
        "Mul mul\n├─ Sin h [id 1] (1 operation below)\n└─ Sin h [id 1] ...\n"
    )


def test_counting_has_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEPS", 12)
    monkeypatch.setattr(module, "STEPS_EACH", 3)
    h = gg.placeholder(gg.float32, [], name="x")
    chain = [h := gg.sin(h) for _ in range(6)]
    assert [line.split(" (")[1] for line in text_of(chain[1:], depth=0, shapes=False).splitlines()] == [
        "2 operations below)",
        "3 operations below)",
        "over 3 operations below)",
        "over 3 operations below)",
        "over 3 operations below)",
    ]
    assert "(6 operations below)" in text_of(chain[-1:], depth=0)


# -- any program ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_every_operation_is_shown_in_full_once(seed: int) -> None:
    programme(seed, 60)
    expected = gg.get_default_graph().get_operations()
    read = [below for op in expected for below in inputs(op)]
    lines = [LINE.match(line) for line in text_of(gg.get_default_graph(), shapes=False).splitlines()]
    assert len(lines) == len(set(expected) - set(read)) + len(read)
    full = Counter(found["name"].partition(":")[0] for found in lines if found and not found["again"])
    inner = {op.name for op in expected if inputs(op)}
    assert full.keys() == {op.name for op in expected}
    assert {name for name, count in full.items() if count > 1} <= full.keys() - inner
    ids = {(found["name"].partition(":")[0], found["id"]) for found in lines if found}
    assert len(ids) == len(expected)
    numbers = [number for _, number in ids if number]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("depth", range(5))
def test_depth_shows_what_is_within_it(depth: int) -> None:
    (y, _) = programme(13, 150).ys
    near, front = {y.op}, {y.op}
    for _ in range(depth):
        front = {below for op in front for below in inputs(op)}
        near |= front
    lines = [LINE.match(line) for line in text_of(y, depth=depth, shapes=False).splitlines()]
    assert {found["name"].partition(":")[0] for found in lines if found} == {op.name for op in near}
    graph = y.graph
    folded = [found for found in lines if found and found["below"]]
    assert folded
    for found in folded:
        op = graph.get_operation_by_name(found["name"].partition(":")[0])
        assert int(found["below"]) == len(upstream([op])) - 1


def test_a_long_chain() -> None:
    with gg.Graph().as_default():
        h = gg.placeholder(gg.float32, [], name="x")
        for _ in range(100_000):
            h = torch.sin(h)
    text = text_of(h)
    lines = text.splitlines()
    assert len(lines) == 100_001
    assert len(text) < 120 * len(lines)
    assert lines[32] == " " * 31 * 3 + "└─ Sin sin_99967 float32[]"
    assert lines[33] == "(32) └─ Sin sin_99966 float32[]"
    assert lines[34] == "(32)    └─ Sin sin_99965 float32[]"
    assert lines[65] == "(64) └─ Sin sin_99934 float32[]"
    assert lines[-1].endswith("└─ Placeholder x float32[]")
    assert text_of(h, depth=0) == "Sin sin_99999 float32[] (100,000 operations below)\n"


# -- where it goes --------------------------------------------------------------------------------


def test_it_prints(capsys: pytest.CaptureFixture[str]) -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    assert debugprint(x) is None  # type: ignore[func-returns-value]
    assert capsys.readouterr().out == "Placeholder x float32[]\n"


def test_it_writes_to_a_stream(capsys: pytest.CaptureFixture[str]) -> None:
    x, stream = gg.placeholder(gg.float32, [], name="x"), io.StringIO()
    debugprint(gg.sin(x), file=stream)
    assert stream.getvalue() == text_of(gg.get_default_graph()) == "Sin sin float32[]\n└─ Placeholder x float32[]\n"
    assert capsys.readouterr().out == ""


def test_a_stream_without_the_letters() -> None:
    x, data = gg.placeholder(gg.float32, [], name="x"), io.BytesIO()
    stream = io.TextIOWrapper(data, encoding="ascii")
    debugprint({"größe": gg.sin(x) + x}, shapes=False, file=stream)
    stream.flush()
    assert data.getvalue().decode() == (
        "['gr\\xf6\\xdfe'] Add add\n"
        "          |- Sin sin\n"
        "          |  `- Placeholder x [id 1]\n"
        "          `- Placeholder x [id 1]\n"
    )


def test_a_name_never_breaks_a_line() -> None:
    graph = gg.Graph()
    op = graph.add(Role.PLACEHOLDER, "Kind\r\nof", f"a\nb\u2028{EVIL}", (), (declared([2], torch.float32),))
    text = text_of(op)
    assert text.splitlines(keepends=True) == [text]
    assert "</script>" in text and "行列" in text


def test_it_changes_nothing() -> None:
    y = programme(5, 30).ys[0]
    graph = y.graph
    graph.finalize()
    before = len(graph)
    assert text_of(graph) == text_of(graph)
    assert len(graph) == before


def test_it_works_while_code_is_recorded() -> None:
    texts: list[str] = []

    def forward(x: Any) -> Any:
        y = x * gg.constant([1.0, 2.0], name="c")
        texts.append(text_of(y))
        return y

    y = gg.record(forward, gg.placeholder(gg.float32, [2], name="x"))
    assert texts == [text_of(y)]
    assert texts[0].endswith("Constant c float32[2] = [1.0, 2.0]\n")


# -- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("obj", "said"),
    [
        (None, r"^obj is .*, a graph, .*got None$"),
        ("loss", r"got 'loss', a str"),
        (3.0, r"got 3\.0, a float"),
        (torch.zeros(2), r"got tensor\(\[0\., 0\.\]\), a Tensor"),
        ({"a": [None, 1]}, r"^obj\['a'\]\[1\] is .* got 1, a int"),
        ([gg.Graph()], r"^obj\[0\] is a symbolic tensor, an operation, or a nest of them, got <"),
        ([torch.zeros(1000)], r"\.\.\., a Tensor$"),
    ],
)
def test_what_can_not_be_shown(obj: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        debugprint(obj)


def test_a_nest_that_contains_itself() -> None:
    nest: list[Any] = [gg.placeholder(gg.float32, [], name="x")]
    nest.append({"again": nest})
    with pytest.raises(ValueError, match="contains itself"):
        debugprint(nest)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"depth": -1}, ValueError, "depth is at least 0, or None for all levels, got -1"),
        ({"depth": 1.5}, TypeError, "depth .* got 1.5, a float"),
        ({"depth": True}, TypeError, "depth .* got True, a bool"),
        ({"depth": "2"}, TypeError, "depth .* got '2', a str"),
        ({"shapes": "no"}, TypeError, "shapes is True or False, got 'no', a str"),
        ({"lines": 1}, TypeError, "lines is True or False, got 1, a int"),
        ({"file": "graph.txt"}, TypeError, "file .* got 'graph.txt', a str"),
        ({"file": 1}, TypeError, "file .* got 1, a int"),
    ],
)
def test_bad_options(options: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        debugprint(gg.placeholder(gg.float32, [], name="x"), **options)


def test_a_branch_and_a_loop_are_a_line_each() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    y = gg.cond(x > 0, lambda: torch.sin(x) * x, lambda: x, name="choice")
    _, z = gg.while_loop(lambda i, z: i < 3, lambda i, z: (i + 1, z * y), [0, y], name="rounds")
    same(
        z,
        """
        While rounds:1 float32[]
        ├─ Constant Const int32[] = 0
        ├─ Cond choice float32[] [id 1]
        │  ├─ Greater gt (_, 0) bool[]
        │  │  └─ Placeholder x float32[] [id 2]
        │  └─ Placeholder x float32[] [id 2]
        └─ Cond choice float32[] [id 1] ...
        """,
    )
