"""Products of matrices through oneDNN: the same numbers but for the last bits, and only where they pay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.fx import Graph, GraphModule

import graphgrad as gg
from graphgrad.run.compiled import matmul
from graphgrad.run.compiled.flat import Made
from graphgrad.run.compiled.inductor import missing

aten = torch.ops.aten

needs_onednn = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN")
needs_a_compiler = pytest.mark.skipif(bool(missing()), reason=missing() or "there is one")


@pytest.fixture
def faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which oneDNN is faster."""
    monkeypatch.setattr(matmul, "_faster", lambda threads: True)


def module(kernel: Any, *given: Any, **more: Any) -> GraphModule:
    """One kernel on placeholders that stand for these tensors."""
    graph = Graph()
    places = []
    for number, each in enumerate(given):
        places.append(graph.placeholder(f"x{number}"))
        places[-1].meta["made"] = Made.of(each)
    graph.output((graph.call_function(kernel, tuple(places), more),))
    return GraphModule({}, graph)


def kernels(made: GraphModule) -> list[str]:
    return [str(node.target) for node in made.graph.nodes if node.op == "call_function"]


LAYOUTS = {
    "plain": lambda rows, columns: torch.randn(rows, columns),
    "transposed": lambda rows, columns: torch.randn(columns, rows).t(),
    "every second column": lambda rows, columns: torch.randn(rows, 2 * columns)[:, ::2],
    "a part": lambda rows, columns: torch.randn(rows + 1, columns + 3)[1:, 2:-1],
    "one row again and again": lambda rows, columns: torch.randn(columns).expand(rows, columns),
    "one number again and again": lambda rows, columns: torch.tensor(0.5).expand(rows, columns),
}


@needs_onednn
@pytest.mark.usefixtures("faster")
@pytest.mark.parametrize("right", LAYOUTS)
@pytest.mark.parametrize("left", LAYOUTS)
def test_products_of_every_layout(left: str, right: str) -> None:
    torch.manual_seed(0)
    a, b = LAYOUTS[left](120, 160), LAYOUTS[right](160, 130)
    made = matmul.speed_up(module(aten.mm.default, a, b))
    assert kernels(made) == ["graphgrad_matmul.mm.default"] and matmul.count(made) == 1
    torch.testing.assert_close(made(a, b)[0], torch.mm(a, b), rtol=1e-5, atol=1e-4)


@needs_onednn
@pytest.mark.usefixtures("faster")
@pytest.mark.parametrize("shape", [(130,), (120, 130), (1, 130), (120, 1), ()], ids=str)
def test_what_is_added_stays(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    bias, a, b = torch.randn(shape), torch.randn(120, 160), torch.randn(160, 130)
    made = matmul.speed_up(module(aten.addmm.default, bias, a, b))
    assert kernels(made) == ["graphgrad_matmul.mm.default", "aten.add.Tensor"]
    torch.testing.assert_close(made(bias, a, b)[0], torch.addmm(bias, a, b), rtol=1e-5, atol=1e-4)


@pytest.mark.usefixtures("faster")
def test_others_stay() -> None:
    def stays(kernel: Any, *given: torch.Tensor, **more: Any) -> bool:
        made = module(kernel, *given, **more)
        before = kernels(made)
        return kernels(matmul.speed_up(made)) == before and matmul.count(made) == 0

    a, b = torch.ones(120, 160), torch.ones(160, 130)
    assert not stays(aten.mm.default, a, b)
    assert stays(aten.mm.default, a.double(), b.double())
    assert stays(aten.mm.default, a.bfloat16(), b.bfloat16())
    assert stays(aten.mm.default, a.to("meta"), b.to("meta"))
    assert stays(aten.mm.default, a[:60], b)
    assert stays(aten.mm.default, torch.ones(4000, 15), torch.ones(15, 400))
    assert stays(aten.addmm.default, torch.ones(130), a, b, beta=2.0)
    assert stays(aten.bmm.default, a[None], b[None])
    assert stays(aten.mul.Tensor, a, a)


def test_where_it_is_not_faster_all_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matmul, "_faster", lambda threads: False)
    made = matmul.speed_up(module(aten.mm.default, torch.ones(120, 160), torch.ones(160, 130)))
    assert kernels(made) == ["aten.mm.default"]


@pytest.mark.usefixtures("faster")
def test_torchs_switch_turns_it_off() -> None:
    before = torch.backends.mkldnn.enabled
    torch._C._set_mkldnn_enabled(
        False
    )  # what `enabled = False` does; torch's own test tools, once imported, forbid that
    try:
        made = matmul.speed_up(module(aten.mm.default, torch.ones(120, 160), torch.ones(160, 130)))
    finally:
        torch._C._set_mkldnn_enabled(before)
    assert kernels(made) == ["aten.mm.default"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[Any, float]]:
    """What a call of each way takes; who multiplies moves the clock on."""
    costs: dict[Any, float] = {"mm": 1.0, "oneDNN": 1.0}
    now = [0.0]

    def way(name: str) -> Any:
        def multiply(a: torch.Tensor, b: torch.Tensor) -> None:
            if costs[name] < 0:
                raise NotImplementedError("built without it")
            now[0] += costs[name]

        return multiply

    monkeypatch.setattr(torch, "mm", way("mm"))
    monkeypatch.setattr(matmul, "_operation", lambda: way("oneDNN"))
    monkeypatch.setattr(matmul.time, "perf_counter", lambda: now[0])  # type: ignore[attr-defined]
    matmul._faster.cache_clear()
    yield costs
    matmul._faster.cache_clear()


@pytest.mark.parametrize(("cost", "chosen"), [(0.5, True), (0.79, True), (0.9, False), (2.0, False), (-1.0, False)])
def test_the_measurement_decides(clock: dict[Any, float], cost: float, chosen: bool) -> None:
    clock["oneDNN"] = cost
    assert matmul._faster(1) is chosen


def test_torch_knows_the_shape_without_numbers() -> None:
    matmul.install()
    found = torch.ops.graphgrad_matmul.mm(torch.empty(3, 4, device="meta"), torch.empty(4, 5, device="meta"))
    assert found.shape == (3, 5) and found.dtype is torch.float32


@needs_onednn
@needs_a_compiler
@pytest.mark.usefixtures("faster")
def test_a_training_step_through_both() -> None:
    generator = np.random.default_rng(0)
    x = gg.constant(generator.normal(size=(128, 160)).astype("float32"))
    w = gg.Variable(generator.normal(size=(160, 128)).astype("float32"), name="w")
    b = gg.Variable(np.zeros(128, "float32"), name="b")
    loss = torch.addmm(b, x, w).tanh().square().mean()
    step = gg.train.GradientDescentOptimizer(0.1).minimize(loss)
    losses = []
    for tier in ("", "inductor"):
        with gg.Session(compile=tier) as session:
            session.run(gg.global_variables_initializer())
            losses.append([session.run([loss, step])[0] for _ in range(4)])
            if tier:
                assert "2 products of matrices by oneDNN" in str(session.report())
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
