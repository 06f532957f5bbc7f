"""The update rules as functions and in place, on tensors laid out in any way."""

import math

import pytest
import torch

from graphgrad.train import kernels

KERNELS = {
    "adam": (kernels.apply_adam, (0.1, 0.9, 0.99, 1e-3)),
    "adamw": (kernels.apply_adam, (0.1, 0.9, 0.99, 1e-3, 0.1)),
    "momentum": (kernels.apply_momentum, (0.1, 0.9, False)),
    "nesterov": (kernels.apply_momentum, (0.1, 0.9, True)),
    "no momentum": (kernels.apply_momentum, (0.1, 0.0, True)),
    "rmsprop": (kernels.apply_rmsprop, (0.1, 0.9, 0.5, 1e-3)),
    "centered": (kernels.apply_centered_rmsprop, (0.1, 0.9, 0.5, 1.0)),
    "adagrad": (kernels.apply_adagrad, (0.1,)),
    "adadelta": (kernels.apply_adadelta, (0.1, 0.9, 1e-3)),
    "ftrl": (kernels.apply_ftrl, (0.1, -0.5, 0.01, 0.1, 0.1, 0.0)),
}
each_kernel = pytest.mark.parametrize("name", KERNELS)


def arguments(kernel, layout=torch.contiguous_format):
    """Two tensors per list; slots are positive, as sums of squares are."""
    torch.manual_seed(0)
    shapes = [(2, 3, 4, 5), (3, 2, 2, 1)]
    lists = [[torch.rand(shape, dtype=torch.float64) + 0.1 for shape in shapes] for _ in range(kernel.changed + 1)]
    return [[tensor.contiguous(memory_format=layout) for tensor in each] for each in lists]


@each_kernel
def test_a_kernel_as_a_function_leaves_its_arguments_alone(name):
    kernel, settings = KERNELS[name]
    lists = arguments(kernel)
    before = [[tensor.clone() for tensor in each] for each in lists]
    results = kernel(*lists, *settings)
    assert all(torch.equal(a, b) for x, y in zip(lists, before, strict=True) for a, b in zip(x, y, strict=True))
    kernel.in_place(*lists, *settings)
    assert len(results) == kernel.changed
    for made, changed in zip(results, lists, strict=False):
        assert all(torch.equal(a, b) for a, b in zip(made, changed, strict=True))
        assert not any(a.data_ptr() == b.data_ptr() for a, b in zip(made, changed, strict=True))


@each_kernel
def test_another_layout_gives_the_same_numbers(name):
    """Tensors that are not in reading order take another way than torch's fused kernels."""
    kernel, settings = KERNELS[name]
    plain = kernel(*arguments(kernel), *settings)
    turned = kernel(*arguments(kernel, torch.channels_last), *settings)
    for one, other in zip(plain, turned, strict=True):
        for a, b in zip(one, other, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


@each_kernel
def test_settings_that_are_tensors(name):
    kernel, settings = KERNELS[name]
    if name == "ftrl":
        settings = (torch.tensor(settings[0], dtype=torch.float64), *settings[1:])
        plain = KERNELS[name][1]
    else:
        plain = settings
        settings = tuple(x if isinstance(x, bool) else torch.tensor(x, dtype=torch.float64) for x in settings)
    for one, other in zip(kernel(*arguments(kernel), *plain), kernel(*arguments(kernel), *settings), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@each_kernel
def test_a_gradient_of_another_shape_is_refused(name):
    kernel, settings = KERNELS[name]
    *lists, gradients = arguments(kernel)
    with pytest.raises(ValueError, match=r"gradient of shape \[1\] for a variable of \[3, 2, 2, 1\]"):
        kernel(*lists, [gradients[0], torch.ones(1)], *settings)


@each_kernel
def test_gradients_laid_out_in_any_way(name):
    kernel, settings = KERNELS[name]
    *lists, gradients = arguments(kernel)
    plain = kernel(*lists, gradients, *settings)
    negated = torch.conj(torch.complex(torch.zeros_like(gradients[1]), -gradients[1])).imag
    assert negated.is_neg()
    given = [gradients[0].permute(3, 2, 1, 0).contiguous().permute(3, 2, 1, 0), negated]
    for one, other in zip(plain, kernel(*lists, given, *settings), strict=True):
        for a, b in zip(one, other, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


def test_a_sparse_gradient():
    *lists, _ = arguments(kernels.apply_momentum)
    sparse = [torch.zeros_like(tensor).index_fill(0, torch.tensor([1]), 2.0) for tensor in lists[0]]
    dense = kernels.apply_momentum(*lists, sparse, 0.1, 0.9, False)
    found = kernels.apply_momentum(*lists, [tensor.to_sparse() for tensor in sparse], 0.1, 0.9, False)
    assert all(torch.equal(a, b) for a, b in zip(dense[0], found[0], strict=True))


@each_kernel
def test_a_kernel_is_inferred_without_memory(name):
    kernel, settings = KERNELS[name]
    lists = [[tensor.to("meta") for tensor in each] for each in arguments(kernel)]
    assert [[tuple(t.shape) for t in each] for each in kernel(*lists, *settings)] == [
        [(2, 3, 4, 5), (3, 2, 2, 1)]
    ] * kernel.changed


def test_the_rate_of_adam():
    powers = torch.tensor(0.5), torch.tensor(0.75)
    assert kernels.adam_rate(0.5, *powers) == pytest.approx(0.5 * math.sqrt(0.25) / 0.5)
    assert kernels.adam_rate(torch.tensor(0.5), *powers) == pytest.approx(0.5 * math.sqrt(0.25) / 0.5)
    assert kernels.adam_rate(0.5, *(power.to("meta") for power in powers)).dtype is torch.float64


def test_a_kernel_has_a_name_that_programs_can_import():
    assert repr(kernels.apply_adam) == "<kernel apply_adam>"
    assert getattr(kernels, kernels.apply_adam.__name__) is kernels.apply_adam
    assert kernels.apply_adam.__module__ == "graphgrad.train.kernels"
