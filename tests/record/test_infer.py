"""Inference: shapes, dtypes and structure before there is data, in every world."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

import graphgrad as gg
from graphgrad.record.infer import Slot, fill, leaves, probing, rebuild, trial

SHAPES = {
    "elementwise": (lambda x: x * 2 + 1, [None, 4]),
    "product": (lambda x: x @ gg.ones([4, 5]), [None, 5]),
    "sum": (lambda x: x.sum(0), [4]),
    "mean": (lambda x: x.mean(1), [None]),
    "flat": (lambda x: x.reshape(-1), [None]),
    "halves": (lambda x: x.reshape(-1, 2), [None, 2]),
    "transposed": (lambda x: x.T, [4, None]),
    "outer": (lambda x: x[:, None] - x[None], [None, None, 4]),
    "first": (lambda x: x[0], [4]),
    "tail": (lambda x: x[1:], [None, 4]),
    "head of a batch": (lambda x: x[:2], [None, 4]),
    "column": (lambda x: x[:, 1:3], [None, 2]),
    "stacked": (lambda x: torch.stack([x, x]), [2, None, 4]),
    "concatenated": (lambda x: torch.cat([x, gg.ones([3, 4])]), [None, 4]),
    "padded": (lambda x: F.pad(x, [1, 1]), [None, 6]),
    "sorted": (lambda x: torch.sort(x, 0).values, [None, 4]),
    "last two rows": (lambda x: x[-2:], [None, 4]),
    "top": (lambda x: torch.topk(x, 2, 1).indices, [None, 2]),
    "one hot": (lambda x: F.one_hot(x.long().clamp(0, 2), 3), [None, 4, 3]),
    "square": (lambda x: x @ x.T, [None, None]),
    "the same twice": (lambda x: x + x * 2, [None, 4]),
    "expanded": (lambda x: gg.ones([1, 4]).expand(x.shape[0], 4), [None, 4]),
}


@pytest.mark.parametrize("batch", [1, 2, 3, 7])
@pytest.mark.parametrize("name", SHAPES)
def test_an_unknown_size_is_unknown_exactly_where_it_matters(run, name, batch):
    function, wanted = SHAPES[name]
    x = gg.placeholder(gg.float32, [None, 4])
    y = function(x)
    assert y.shape.as_list() == wanted
    data = np.arange(batch * 4, dtype=np.float32).reshape(batch, 4)
    found = run(y, {x: data})
    assert all(want in (None, have) for have, want in zip(found.shape, wanted, strict=True))
    with gg.eager_execution():
        np.testing.assert_array_equal(found, function(torch.from_numpy(data)).numpy())


DATA_DEPENDENT = {
    "nonzero": (lambda x: torch.nonzero(x > 1.0), [[1], [3]]),
    "mask": (lambda x: x[x > 1.0], [2, 3]),
    "masked_select": (lambda x: torch.masked_select(x, x > 1.0), [2, 3]),
    "where": (lambda x: torch.where(x > 1.0)[0], [1, 3]),
    "unique": (torch.unique, [0, 2, 3]),
    "unique_consecutive": (torch.unique_consecutive, [0, 2, 0, 3]),
    "bincount": (lambda x: torch.bincount(x.long()), [2, 0, 1, 1]),
    "repeat_interleave": (lambda x: torch.repeat_interleave(x.long(), x.long()), [2, 2, 3, 3, 3]),
}


@pytest.mark.parametrize("name", DATA_DEPENDENT)
def test_a_size_that_depends_on_data_is_unknown(run, name):
    function, wanted = DATA_DEPENDENT[name]
    x = gg.placeholder(gg.float32, [4])
    y = function(x)
    assert y.shape.as_list()[0] is None
    assert run(y, {x: [0, 2, 0, 3]}).tolist() == wanted


def test_what_follows_from_a_data_dependent_shape(run):
    x = gg.placeholder(gg.float32, [4])
    y = (x[x > 1.0] * 2.0).sum()
    assert y.shape == []
    found = run([y, *gg.gradients(y, x)], {x: [0, 2, 0, 3]})
    assert found[0] == 10 and found[1].tolist() == [0, 2, 0, 2]


def test_unknown_rank(run):
    x = gg.placeholder(gg.float32)
    y = torch.sin(x) * 2
    assert y.shape.ndims is None and y.sum().shape == []
    for shape in ((), (2,), (2, 3, 4)):
        assert run([y, y.sum()], {x: np.zeros(shape)})[0].shape == shape


def test_an_unknown_size_that_has_to_equal_a_known_one(run):
    x, w = gg.placeholder(gg.float32, [2, None]), gg.ones([7, 3])
    y = x @ w
    assert y.shape.as_list() == [2, 3]
    assert run(y, {x: np.ones((2, 7))}).tolist() == [[7] * 3] * 2


@pytest.mark.parametrize("function", [torch.linalg.svd, torch.linalg.qr, torch.linalg.eigh, torch.slogdet, torch.sort])
def test_several_outputs(run, function):
    x = gg.placeholder(gg.float64, [3, 3])
    data = np.eye(3) * [1.0, 2.0, 3.0]
    found, wanted = function(x), function(torch.from_numpy(data))
    assert len(found) == len(wanted)
    for have, want in zip(run(list(found), {x: data}), wanted, strict=True):
        np.testing.assert_allclose(np.abs(have), want.abs().numpy(), atol=1e-12)


def test_strides_are_those_of_torch():
    x = gg.placeholder(gg.float32, [2, 3, 4])
    eager = torch.empty(2, 3, 4)
    for view in (lambda t: t.transpose(0, 2), lambda t: t[:, 1:], lambda t: t.permute(1, 0, 2), lambda t: t * 2):
        assert view(x).is_contiguous() == view(eager).is_contiguous()


@pytest.mark.parametrize(
    ("call", "random"),
    [
        (torch.sin, False),
        (lambda x: F.dropout(x, 0.5), True),
        (lambda x: F.dropout(x, 0.5, training=False), False),
        (torch.bernoulli, True),
        (torch.rand_like, True),
        (torch.zeros_like, False),
        (lambda x: x.clone().normal_(), True),
        (lambda x: F.gumbel_softmax(x), True),
        (lambda x: torch.multinomial(x, 1), True),
        (lambda x: torch.randperm(3), True),
    ],
)
def test_whether_a_call_is_random(call, random):
    x = gg.placeholder(gg.float32, [3])
    y = gg.record(call, x)
    assert y.op.signature.random is random


@pytest.mark.parametrize(
    ("call", "aliases"),
    [
        (torch.sin, [None]),
        (lambda x: x.reshape(6), [0]),
        (lambda x: x.T.reshape(6), [None]),
        (lambda x: x[0], [0]),
        (lambda x: x[[0]], [None]),
        (lambda x: torch.split(x, 1), [0, 0]),
        (lambda x: x.contiguous(), [0]),
        (lambda x: x.to(torch.float32), [0]),
        (lambda x: F.dropout(x, 0.5, training=False), [0]),
        (lambda x: x.detach(), [0]),
        (lambda x: x.clone(), [None]),
        (lambda x: torch.max(x, 0), [None, None]),
    ],
)
def test_which_outputs_share_memory_with_a_read(call, aliases):
    found = call(gg.placeholder(gg.float32, [2, 3]))
    op = (found[0] if isinstance(found, tuple) else found).op
    assert list(op.signature.aliases) == aliases


def test_a_trial_is_never_recorded():
    assert not probing()
    with trial():
        assert probing()
        with trial():
            pass
        assert probing()
    assert not probing()


def test_inference_neither_computes_nor_allocates():
    big = gg.placeholder(gg.float32, [10**6, 10**6])
    assert (torch.sin(big) @ big).sum(0).shape == [10**6]


# -- nests ----------------------------------------------------------------------------------------------


def test_fill_puts_values_in_their_slots():
    nest = (1, [Slot(1), {"a": Slot(0)}], slice(Slot(0), None, 2), "text")
    assert fill(nest, ["x", "y"]) == (1, ["y", {"a": "x"}], slice("x", None, 2), "text")


def test_rebuild_changes_leaves_and_keeps_types():
    result = torch.max(torch.ones(2, 2), 0)
    found = rebuild({"a": result, "b": [1, (2,)]}, str)
    assert type(found["a"]) is torch.return_types.max and found["b"] == ["1", ("2",)]
    assert rebuild(torch.Size([2, 3]), lambda size: size * 10) == (20, 30)


def test_leaves_in_order():
    assert list(leaves([1, (2, {"a": 3}), [], 4])) == [1, 2, 3, 4]
