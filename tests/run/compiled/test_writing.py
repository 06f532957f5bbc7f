"""A flat graph as text: runs by itself, names its operations and the user's lines."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

import graphgrad as gg


def body(text: str) -> list[str]:
    lines = text[text.index("def program") :].splitlines()[1:]
    return [line.split("  # ")[0].strip() for line in lines if line.strip()]


def source(fetches: Any, feeds: dict[Any, Any]) -> str:
    with gg.Session(compile="trace") as session:
        if gg.global_variables():
            session.run(gg.global_variables_initializer())
        session.run(fetches, feeds)
        return session.source(fetches, feeds)


@pytest.fixture
def x() -> Any:
    return gg.placeholder(gg.float32, [2], name="x")


def test_the_whole_program_of_a_gradient(x: Any) -> None:
    y = gg.tanh(x, name="y")
    (g,) = gg.gradients(y, x)
    assert body(source([y, g], {x: [0.0, 1.0]})) == [
        "grad_was_on = torch.is_grad_enabled(); set_grad(False)",
        "x = feeds[0]",
        "y = torch.tanh(x); del x",
        "ones_like = torch.ones_like(y)",
        "tanh_backward = aten.tanh_backward.default(ones_like, y); del ones_like",
        "set_grad(grad_was_on); del grad_was_on",
        "return [y, tanh_backward], []",
    ]


def test_lines_end_with_the_users(x: Any) -> None:
    text = source(gg.tanh(x, name="y"), {x: [0.0, 1.0]})
    (line,) = (line for line in text.splitlines() if "torch.tanh" in line)
    assert "test_writing.py:" in line


def test_the_text_runs_by_itself(x: Any) -> None:
    v = gg.Variable([1.0, 2.0], name="v")
    mask = torch.tensor([True, False])
    loss = gg.reduce_sum(torch.where(mask, x, v) * v)
    step = v.assign_sub(0.5 * gg.gradients(loss, v)[0])
    with gg.Session(compile="trace") as session:
        session.run(v.initializer)
        session.run([loss, step], {x: [3.0, 4.0]})
        session.run(v.initializer)
        namespace: dict[str, Any] = {}
        exec(session.source([loss, step], [x]), namespace)
        outputs, _ = namespace["program"](*session.program_inputs([loss, step], {x: [3.0, 4.0]}))
        assert [each.tolist() for each in outputs] == [each.tolist() for each in session.run([loss, step], {x: [3, 4]})]


def test_several_results_are_unpacked(x: Any) -> None:
    values, places = torch.sort(x, descending=True)
    text = source([values, places], {x: [1.0, 2.0]})
    assert any(line.startswith("sort_0, sort_1 = torch.sort(") for line in body(text))


def test_a_draw_of_several_kernels_is_one_call(x: Any) -> None:
    noise = F.dropout(x, 0.5)
    lines = body(source(noise, {x: [1.0, 2.0]}))
    assert sum("run.draw(" in line for line in lines) == 1


class Noisy(torch.autograd.Function):
    """Two draws with a constant between them."""

    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor) -> torch.Tensor:
        return torch.rand_like(tensor) * torch.tensor([2.0, 3.0]) + torch.rand_like(tensor)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        return gradient


def test_two_draws_of_one_operation_share_its_stream(x: Any) -> None:
    noise = gg.record(Noisy.apply, x)
    assert noise.op.signature.random
    gg.set_random_seed(3)
    found = []
    for compile in ("", "trace"):
        with gg.Session(compile=compile) as session:
            found.append([session.run(noise, {x: [1.0, 2.0]}).tobytes() for _ in range(2)])
            text = session.source(noise, [x])
    assert found[0] == found[1] and len(set(found[0])) == 2
    (line,) = (line for line in body(text) if "run.draw(" in line)
    assert line.count("torch.rand_like(") == 2


def test_the_default_dtype_of_a_recording_is_written() -> None:
    count = gg.placeholder(gg.int32, [], name="count")
    torch.set_default_dtype(torch.float64)
    try:
        half = torch.true_divide(count, 2)
    finally:
        torch.set_default_dtype(torch.float32)
    assert any(line.startswith("with default_dtype(torch.float64): ") for line in body(source(half, {count: 1})))


def test_hostile_names_are_names(x: Any) -> None:
    y = gg.tanh(x, name="class.import/lambda-x")
    assert any("torch.tanh" in line for line in body(source(y, {x: [0.0, 1.0]})))
