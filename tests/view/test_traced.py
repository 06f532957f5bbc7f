"""The traced run beside eager torch: the same kernels, and nothing of the user's is touched."""

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

import graphgrad as gg
from graphgrad.graph.operation import Operation, Role
from graphgrad.view.traced import WRAPS, Kernel, trace


class Seen(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The kernels of a block, by name."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(str(func.overloadpacket))
        return func(*args, **(kwargs or {}))


def plain(names: list[str]) -> list[str]:
    """Without the wrapping of tensors; a sum in place is a sum."""
    return [name.removesuffix("_") for name in names if name != WRAPS and not name.startswith("prim.")]


def eager(function: Callable[..., Any], tensors: list[torch.Tensor]) -> list[str]:
    """The kernels of torch's own backward pass."""
    xs = [tensor for tensor in tensors if tensor.requires_grad]
    y = function(*tensors)
    with Seen() as seen:
        torch.autograd.grad([y], xs, [torch.ones_like(y)])
    return plain(seen.names)


def backward(traced: list[Kernel]) -> list[str]:
    return plain([kernel.type for kernel in traced if kernel.op is not None and kernel.op.role is Role.GRADIENT])


class Cube(torch.autograd.Function):
    """A user's own derivative."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors
        return gradient * 3 * x.square()


def attention(q: Any, k: Any, v: Any) -> Any:
    return torch.softmax(q @ k.transpose(-2, -1) / 2.0, -1) @ v


ROWS = torch.tensor([2, 0, 2])
FUNCTIONS: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]]]] = {
    "mul": (lambda x, w: x * w, [(3,), (3,)]),
    "matmul": (lambda x, w: x @ w, [(2, 3), (3, 4)]),
    "batched matmul": (lambda x, w: x @ w, [(5, 2, 3), (3, 4)]),
    "softmax": (lambda x: torch.softmax(x, 1), [(2, 3)]),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, [3], w, b), [(2, 3), (3,), (3,)]),
    "relu": (lambda x: torch.relu(x), [(3,)]),
    "gelu": (lambda x: F.gelu(x), [(3,)]),
    "conv2d": (lambda x, w, b: F.conv2d(x, w, b, padding=1), [(1, 2, 5, 5), (3, 2, 3, 3), (3,)]),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2), [(1, 2, 4, 4)]),
    "cross_entropy": (lambda x: F.cross_entropy(x, ROWS), [(3, 4)]),
    "indexing": (lambda x: x[1:, 0] + x[0, 1], [(3, 4)]),
    "index by a tensor": (lambda x: x[ROWS], [(3, 4)]),
    "broadcast add": (lambda x, b: x + b, [(3, 4), (4,)]),
    "embedding": (lambda w: F.embedding(ROWS, w), [(4, 2)]),
    "fan out": (lambda x: torch.sin(x) * x + torch.exp(x) / x, [(3,)]),
    "split": (lambda x: torch.split(x, 2)[0] * torch.split(x, 2)[1], [(4, 3)]),
    "norms": (lambda x: torch.linalg.vector_norm(x) + x.std() + x.logsumexp(0).sum(), [(4, 3)]),
    "a function of the user's": (lambda x: Cube.apply(x) * x, [(3,)]),
    "attention": (attention, [(2, 4, 3), (2, 4, 3), (2, 4, 3)]),
    "fused attention": (lambda q, k, v: F.scaled_dot_product_attention(q, k, v), [(1, 2, 4, 8)] * 3),
    "cat and stack": (lambda x, y: torch.cat([x, y]).sum() + torch.stack([x, y]).prod(), [(3,), (3,)]),
    "where": (lambda x, y: torch.where(x > 0, x, y * 2), [(3,), (3,)]),
    "linear solve": (lambda a, b: torch.linalg.solve(a, b), [(3, 3), (3, 2)]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_kernels_are_those_of_eager_torch(name: str) -> None:
    function, shapes = FUNCTIONS[name]
    data = [torch.randn(shape) for shape in shapes]
    symbols = [gg.constant(each) for each in data]
    (traced,) = trace([g._value for g in gg.gradients(function(*symbols), symbols)])
    assert backward(traced.kernels) == eager(function, [each.requires_grad_() for each in data])


@pytest.mark.parametrize("name", ["mul", "softmax", "layer_norm", "relu", "fan out", "attention"])
def test_the_second_order_too(name: str) -> None:
    function, shapes = FUNCTIONS[name]

    def slope(grad: Callable[..., Any], *tensors: Any) -> Any:
        return grad(function(*tensors).square().sum(), tensors[0])

    def twice(*tensors: torch.Tensor) -> torch.Tensor:
        return torch.autograd.grad(function(*tensors).square().sum(), tensors[0], create_graph=True)[0].square().sum()

    data = [torch.randn(shape) for shape in shapes]
    symbols = [gg.constant(each) for each in data]
    (g,) = gg.gradients(function(*symbols).square().sum(), symbols[0])
    results = gg.gradients(g.square().sum(), symbols)
    (traced,) = trace([each._value for each in results])
    last = [kernel for kernel in traced.kernels if kernel.op is results[0].op]
    ours = backward(last)
    assert ours == eager(twice, [each.requires_grad_() for each in data])


def test_torch_calls_no_detach_in_a_backward_pass() -> None:
    """What a trace sees of it is the wrapping of the output that exp and softmax had saved."""
    x = torch.randn(3, requires_grad=True)
    y = torch.softmax(torch.exp(x), 0).sum()
    with Seen() as seen, torch.no_grad():
        torch.autograd.grad([y], [x], retain_graph=True)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        torch.autograd.grad([y], [x])
    events = profiled.events()
    assert events is not None
    ran = [event.name.replace("::", ".") for event in events if event.name.startswith("aten::")]
    assert WRAPS in seen.names and WRAPS not in ran
    assert set(plain(seen.names)) <= set(ran)


def test_each_kernel_knows_what_it_differentiates() -> None:
    x = gg.constant([1.0, 2.0], name="x")
    y = gg.reduce_sum(gg.sin(gg.exp(x, name="e"), name="s") * x, name="y")
    (traced,) = trace([g._value for g in gg.gradients(y, x)])
    found = []
    for kernel in traced.kernels:
        if kernel.visit is not None and kernel.inside and kernel.type != WRAPS:
            maker = traced.maker(kernel.visit)
            assert isinstance(maker, Operation)
            found.append((kernel.type, maker.name))
    assert found == [
        ("aten.expand", "y"), ("aten.mul", "mul"), ("aten.mul", "mul"), ("aten.cos", "s"), ("aten.mul", "s"),
        ("aten.mul", "e"),
    ]  # fmt: skip


def test_unknown_sizes_are_tried_twice() -> None:
    x = gg.placeholder(gg.float32, [None, 3])
    traces = trace([g._value for g in gg.gradients((x * x).sum(), x)])
    assert [tuple(each.kernels[-1].gives[0].shape) for each in traces] == [(1680, 3), (2520, 3)]


def test_sizes_that_an_operation_refuses_are_passed_over() -> None:
    x = gg.placeholder(gg.float32, [None])
    y = x * gg.constant([1.0, 2.0, 3.0])
    traces = trace([g._value for g in gg.gradients(y.sum(), x)])
    assert [tuple(each.values[x._value].shape) for each in traces] == [(3,)]  # of 1, broadcast, other kernels run


def test_it_needs_no_data() -> None:
    x = gg.placeholder(gg.float32, [10**6, 10**6])  # a terabyte each
    w = gg.Variable(gg.random_normal([10**6, 10**6]))
    y = (gg.nn.dropout(x @ w, keep_prob=0.5) + gg.random_normal([10**6])).sum()
    state = torch.get_rng_state()
    (traced,) = trace([g._value for g in gg.gradients(y, w)])
    assert backward(traced.kernels)[-1] == "aten.mm"
    assert torch.equal(torch.get_rng_state(), state)


def test_the_callers_modes_do_not_count() -> None:
    x = gg.constant([[1.0, 2.0]])
    y = (x @ x.T).sum()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16), torch.inference_mode():
        (traced,) = trace([g._value for g in gg.gradients(y, x)])
        assert not torch.is_grad_enabled() and torch.is_inference_mode_enabled()
    assert {t.dtype for kernel in traced.kernels for t in kernel.gives} == {torch.float32}


def test_a_device_that_is_not_there_is_no_reason_to_fail() -> None:
    with gg.device("mtia:0"):
        x = gg.constant([1.0, 2.0], name="x")
        y = gg.sin(x) * torch.ones(2, device="cpu")
    (traced,) = trace([g._value for g in gg.gradients(y, x)])
    assert {tensor.device.type for kernel in traced.kernels for tensor in kernel.gives} == {"cpu"}
    assert "aten.cos" in backward(traced.kernels)


class NeedsNumbers(torch.autograd.Function):
    """Its derivative looks at a number."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors
        return gradient * (2 if float(x.sum()) > 0 else 3)


def test_an_operation_that_needs_data_is_named() -> None:
    x = gg.constant([1.0, -2.0], name="x")
    chosen = x[x > 0]
    with pytest.raises(RuntimeError, match=r"can't run without data(.|\n)*test_traced.py:\d+   chosen = x"):
        trace([g._value for g in gg.gradients(chosen.sum(), x)])


def test_a_derivative_that_needs_data_is_named() -> None:
    x = gg.constant([1.0, -2.0], name="x")
    odd = NeedsNumbers.apply(x)
    with pytest.raises(RuntimeError, match=r"the derivative of \w+ can't run(.|\n)*test_traced.py:\d+   odd = Needs"):
        trace([g._value for g in gg.gradients(torch.sin(odd).sum(), x)])
    assert not torch._C._len_torch_dispatch_stack()


def test_nothing_is_left_of_a_run() -> None:
    """Hooks on autograd nodes hold what holds the nodes, unless they are taken away."""
    x = gg.constant([1.0, 2.0], name="x")
    traces = trace([g._value for g in gg.gradients(gg.sin(x), x)])
    saved = weakref.ref(traces[0].values[x._value])
    assert saved() is not None
    traces.clear()
    gc.collect()
    assert saved() is None
