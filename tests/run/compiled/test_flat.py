"""One flat graph of a run: every kernel, tied to the line that it belongs to."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.plan.plan import plan
from graphgrad.run.compiled.flat import Flat, Untraceable, flatten, is_random
from graphgrad.run.emit import emit


def flat(fetches: list[Any], feeds: dict[Any, Any], operations: tuple[Any, ...] = ()) -> Flat:
    program = emit(plan(tuple(each._value for each in fetches), operations, tuple(key._value for key in feeds)))
    return flatten(program, [torch.as_tensor(each) for each in feeds.values()], [], ())


def kernels(made: Flat) -> list[str]:
    nodes = [node for node in made.graph.nodes if node.op == "call_function"]
    return [node.target._opname for node in nodes if node.target is not operator.getitem]


@pytest.fixture
def x() -> Any:
    return gg.placeholder(gg.float32, [2], name="x")


def test_forward_and_backward_are_kernels_of_their_operations(x: Any) -> None:
    y = gg.exp(x, name="y")
    (g,) = gg.gradients(y * 3.0, x)
    made = flat([g], {x: [1.0, 2.0]})
    assert [each for each in kernels(made) if each != "detach"] == ["exp", "mul", "ones_like", "mul", "mul"]
    owners = {node.target._opname: made.ops[node] for node in made.graph.nodes if node.op == "call_function"}
    assert owners["exp"] is y.op and owners["ones_like"] is owners["mul"] is g.op
    (output,) = (node for node in made.graph.nodes if node.op == "output")
    assert len(output.args[0]) == made.fetched == 1


def test_kernels_of_one_draw_are_known() -> None:
    noise = torch.nn.functional.dropout(gg.ones([3]), 0.5)
    made = flat([noise], {})
    random = [node for node in made.graph.nodes if is_random(node)]
    assert len(random) == 1 and made.drew == set(random) and made.draws[random[0]].stream == noise.op.id
    assert len({made.draws[node] for node in made.draws}) == 1


def test_a_kernel_that_may_draw_and_does_not_is_no_draw(x: Any) -> None:
    heads = x.reshape(1, 1, 1, 2)
    made = flat([torch.nn.functional.scaled_dot_product_attention(heads, heads, heads)], {x: [1.0, 2.0]})
    assert any(is_random(node) for node in made.graph.nodes) and not made.drew and not made.draws


def test_a_draw_on_the_way_back_is_refused(x: Any) -> None:
    y = gg.recompute_grad(lambda a: torch.nn.functional.dropout(a, 0.5) * a)(x)
    with pytest.raises(Untraceable, match="draws outside"):
        flat(gg.gradients(y, x), {x: [1.0, 2.0]})


def test_what_depends_on_numbers_is_refused_at_its_operation(x: Any) -> None:
    found = torch.nonzero(x)
    with pytest.raises(Untraceable, match="depends on numbers") as caught:
        flat([found], {x: [0.0, 1.0]})
    assert caught.value.op is found.op and not caught.value.failed


def test_numbers_that_depend_on_sizes_alone_may_be_read() -> None:
    x = gg.placeholder(gg.float32, [None, 4], name="x")
    y = gg.reshape(x, [gg.shape(x)[0] * 2, -1])
    made = flat([y], {x: np.ones((3, 4), np.float32)})
    (view,) = (node for node in made.graph.nodes if getattr(node.target, "_opname", "") in ("view", "reshape"))
    assert list(view.args[1]) == [6, -1] or list(view.args[1]) == [6, 2]


def test_a_constant_that_was_written_to_is_no_longer_known(x: Any) -> None:
    class Writing(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, tensor: torch.Tensor) -> torch.Tensor:
            start = torch.tensor([0.0, 0.0])
            part = start[0]
            start.add_(tensor)
            return tensor * float(part)

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            return gradient

    y = gg.py_function(Writing.apply, [x], gg.float32)
    program = emit(plan(((x * 1.0)._value,), (), (x._value,)))
    program.call = lambda feeds, state, const, run: ([Writing.apply(feeds[0])], [])
    with pytest.raises(Untraceable, match="depends on numbers"):
        flatten(program, [torch.ones(2)], [], ())
    with gg.Session(compile="trace") as session:
        assert [session.run(y, {x: [a, 1.0]}).tolist() for a in (2.0, 3.0)] == [[4.0, 2.0], [9.0, 3.0]]


def test_a_function_that_reads_numbers_in_python_is_refused(x: Any) -> None:
    class Sneaky(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, tensor: torch.Tensor) -> torch.Tensor:
            return torch.from_numpy(tensor.detach().numpy() * 2.0)

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            return gradient * 2.0

    program = emit(plan(((x * 1.0)._value,), (), (x._value,)))
    program.call = lambda feeds, state, const, run: ([Sneaky.apply(feeds[0])], [])
    with pytest.raises(Untraceable, match="numpy"):
        flatten(program, [torch.ones(2)], [], ())


def test_what_prints_is_not_traced(x: Any) -> None:
    with pytest.raises(Untraceable, match="more than compute") as caught:
        flat([gg.Print(x, [x])], {x: [1.0, 2.0]})
    assert caught.value.op is not None and caught.value.op.type == "Print"


def test_a_failing_run_is_told_from_one_that_cannot_be_traced() -> None:
    index = gg.placeholder(gg.int64, [1])
    y = torch.index_select(gg.constant([1.0]), 0, index)
    with pytest.raises(Untraceable) as caught:
        flat([y], {index: [5]})
    assert caught.value.failed and caught.value.op is y.op


def test_a_loop_that_would_be_unrolled_to_more_kernels_than_it_has_lines_for_is_refused() -> None:
    rows = gg.placeholder(gg.float32, [6000, 2], name="rows")
    total = gg.scan(lambda carried, row: carried * 0.5 + row, rows, gg.zeros([2]))
    with pytest.raises(Untraceable, match="kernels"):
        flat([total], {rows: np.ones((6000, 2), np.float32)})


def test_many_sweeps_over_the_same_operations_are_traced() -> None:
    x = gg.placeholder(gg.float32, [2], name="x")
    y, places = x, []
    for _ in range(100):
        places.append(torch.tanh(y))
        y = y + places[-1]
    slopes = [gg.gradients(y, x, stop_gradients=[place])[0] for place in places]
    made = flat(slopes, {x: np.ones(2, np.float32)})
    assert kernels(made).count("tanh_backward") == 99 * 100  # a stop cuts one of the hundred from each sweep


def test_a_short_loop_over_items_is_unrolled() -> None:
    rows = gg.placeholder(gg.float32, [3, 2], name="rows")
    total = gg.foldl(lambda carried, row: carried * 0.5 + row, rows, gg.zeros([2]))
    assert kernels(flat([total], {rows: np.ones((3, 2), np.float32)})).count("mul") == 3


def test_the_default_dtype_of_a_kernel_is_noted() -> None:
    count = gg.placeholder(gg.int32, [], name="count")
    torch.set_default_dtype(torch.float64)
    try:
        half = torch.true_divide(count, 2)
    finally:
        torch.set_default_dtype(torch.float32)
    made = flat([half], {count: np.int32(1)})
    assert set(made.dtypes.values()) == {torch.float64}
