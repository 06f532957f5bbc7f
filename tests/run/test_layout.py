"""Layout: lines to text, `del` at last use, parts of bounded length."""

import pytest

import graphgrad as gg
from graphgrad.run import layout as module
from graphgrad.run.layout import Function, Line, connect, layout


def lines(*texts):
    """Lines from 'a = f(b)'-like triples of text, uses and defines."""
    return [Line(text, None, tuple(uses.split()), tuple(defines.split())) for text, uses, defines in texts]


def run(text, *arguments):
    namespace = {}
    exec(text.replace("set_grad = torch._C._set_grad_enabled", ""), namespace)
    return namespace["program"](*arguments)


def test_a_name_is_deleted_after_its_last_use():
    text, _ = layout(
        [], lines(("a = 1", "", "a"), ("b = a + 1", "a", "b"), ("c = b + a", "b a", "c")), "return c", {"c"}
    )
    body = text.split("run):\n")[1]
    assert body == "    a = 1\n    b = a + 1\n    c = b + a; del a, b\n    return c\n"


def test_a_name_that_nobody_uses_is_deleted_at_once():
    text, _ = layout([], lines(("a = 1", "", "a")), "return 0", set())
    assert "a = 1; del a" in text


def test_what_is_kept_is_not_deleted():
    text, _ = layout([], lines(("a = 1", "", "a"), ("b = a", "a", "b")), "return a, b", {"a", "b"})
    assert "del" not in text


def test_a_with_statement_has_its_del_on_the_next_line():
    text, ops = layout([], lines(("a = 1", "", "a"), ("with open(a): b = 2", "a", "b")), "return b", {"b"})
    assert "    with open(a): b = 2\n    del a\n" in text
    assert len(ops) == len(text.splitlines())


def test_a_comment_names_the_users_line():
    op = gg.no_op()
    text, ops = layout([], [Line("a = 1", op, (), ("a",)), Line("set_grad(True)", op)], "return a", {"a"})
    (line,) = [line for line in text.splitlines() if line.strip().startswith("a = 1")]
    assert line.endswith(f"test_layout.py:{op.lineno}")
    assert "    set_grad(True)\n" in text
    assert [number for number, each in enumerate(ops) if each is op] == [text.splitlines().index(line), len(ops) - 2]


def test_an_empty_program():
    text, ops = layout(["import math"], [], "return [], []", set())
    assert text.startswith("import math\n") and run(text, 1, 2, 3, 4) == ([], [])
    assert len(ops) == len(text.splitlines())


@pytest.mark.parametrize("length", [9, 10, 11, 35])
def test_a_long_program_is_split_and_gives_the_same(monkeypatch, length):
    monkeypatch.setattr(module, "_PART", 10)
    chain = [("v0 = feeds[0]", "", "v0")]
    chain += [(f"v{n} = v{n - 1} + {n}", f"v{n - 1}", f"v{n}") for n in range(1, length)]
    text, ops = layout([], lines(*chain, ("last = v0", "v0", "last")), "return last, v1", {"last", "v1"})
    assert text.count("def part_") == (0 if length + 1 <= 10 else -(-(length + 1) // 10))
    assert run(text, [7], None, None, None) == (7, 8)
    assert len(ops) == len(text.splitlines())


def test_parts_hand_on_what_is_alive_only(monkeypatch):
    monkeypatch.setattr(module, "_PART", 2)
    text, _ = layout(
        [], lines(("a = 1", "", "a"), ("b = a", "a", "b"), ("c = b", "b", "c"), ("d = c", "c", "d")), "return d", {"d"}
    )
    assert "live += (b,)" in text and "    b, = live; live.clear()" in text and "live += (d,)" in text
    assert run(text, None, None, None, None) == 1


def test_a_part_after_which_nothing_is_alive(monkeypatch):
    monkeypatch.setattr(module, "_PART", 1)
    text, _ = layout([], lines(("a = 1", "", "a"), ("b = 2", "", "b")), "return b", {"b"})
    assert run(text, None, None, None, None) == 2


def test_a_function_takes_what_it_uses_and_gives_what_others_use():
    own = lines(("b = a + 1", "a", "b"), ("c = b * 2", "b", "c"), ("d = c + e", "c e", "d"))
    function = Function("f", own, Line("", None))
    others = [*lines(("a = 1", "", "a"), ("e = 2", "", "e")), function.call, *lines(("g = c + a", "c a", "g"))]
    kept = {"g", "d"}
    connect([function], others, kept)
    text, ops = layout([], others, "return g, d", kept, functions=[function])
    assert run(text.replace("run.again(f, ", "f(run, "), (), (), (), None) == (5, 6)
    assert "c, d = run.again(f, const, feeds, a, e); del e" in text and len(ops) == text.count("\n")
    assert "def f(run, const, feeds, a, e):\n    b = a + 1; del a\n    c = b * 2; del b\n    d = c + e; del e" in text


def test_without_frees_names_live_on():
    text, _ = layout([], lines(("a = 1", "", "a"), ("b = a", "a", "b")), "return b", {"b"}, free=False)
    assert "del" not in text
