"""The tables beside torch's own database: the same result wherever a rule answers, and the same connections."""

import random
import subprocess
import sys
from itertools import islice

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch.utils._pytree import tree_map

import graphgrad as gg
from graphgrad.record.canonical import Attribute
from graphgrad.record.rules.table import NATIVE, RULES, Ruling, answer, smooth
from tests.conformance.samples import entries, samples
from tests.record.rules.agreement import connections_differ, differs, meta, said, without_memory

DTYPES = (torch.float32, torch.int64, torch.bool, torch.bfloat16, torch.complex64, torch.uint8)


def callables(entry):
    """The spellings of an operator that are in the tables."""
    spellings = (entry.op, entry.method_variant, entry.operator_variant, getattr(F, entry.name.split(".")[-1], None))
    known = [each for each in spellings if callable(each) and each.__hash__ and (each in RULES or each in NATIVE)]
    return list(dict.fromkeys(known))


RULED = {entry.formatted_name: entry for entry in entries() if callables(entry)}


def calls(entry, dtypes, most):
    """Calls of an operator, on tensors without memory."""
    for dtype in dtypes:
        if dtype in entry.supported_dtypes("cpu"):
            for sample in islice(samples(entry, few=False, dtype=dtype), most):
                args, kwargs = tree_map(without_memory, (sample.args, sample.kwargs))
                yield from ((target, args, kwargs) for target in callables(entry))


@pytest.mark.parametrize("operator", RULED)
def test_a_rule_says_what_torch_says(operator):
    found = [differs(target, *args, **kwargs) for target, args, kwargs in calls(RULED[operator], DTYPES, 20)]
    assert found
    assert not any(found), "\n".join(filter(None, found))


@pytest.mark.parametrize("operator", RULED)
def test_what_is_taken_for_connected_is(operator):
    found = []
    for target, args, kwargs in calls(RULED[operator], (torch.float32, torch.complex64), 6):
        if said(target, *args, **kwargs) is not NotImplemented:
            found.append(connections_differ(target, args, kwargs))
    assert not any(found), "\n".join(filter(None, found))


def test_views_of_turned_tensors():
    draw = random.Random(8)
    found = []
    for _ in range(300):
        order = draw.sample(range(3), 3)
        x = meta(2, 3, 4).permute(order)
        index = tuple(draw.choice((0, -1, 5, None, slice(1, None), slice(None, None, 2), ...)) for _ in range(2))
        for target, rest in (
            (torch.Tensor.__getitem__, (index,)),
            (torch.Tensor.reshape, (draw.choice([(6, 4), (24,), (-1, 2), (5, 5)]),)),
            (torch.Tensor.view, (draw.choice([(6, 4), (24,), (-1, 2)]),)),
            (torch.flatten, (draw.randrange(3),)),
        ):
            found.append(differs(target, x, *rest))
    assert not any(found), "\n".join(filter(None, found))


def test_an_index_with_tensors_is_left_to_torch():
    assert said(torch.Tensor.__getitem__, meta(2, 3), meta(2, dtype=torch.int64)) is NotImplemented
    assert said(torch.Tensor.__getitem__, meta(2, 3), [0]) is NotImplemented


def test_what_no_table_knows():
    assert answer(torch.svd, (meta(2, 2),), {}) is NotImplemented
    assert answer(torch.sin, (meta(2),), {"nonsense": 1}) is NotImplemented


def test_smoothness():
    assert smooth(torch.sin, 1) and smooth(torch.mul, 2) and smooth(Attribute("T"), 1)
    assert smooth(torch.Tensor.reshape, 1)
    assert not smooth(torch.Tensor.detach, 1)
    assert not smooth(torch.Tensor.view_as, 2)


def test_rules_answer_inside_a_python_function():
    def swish(x):
        return x * torch.sigmoid(x)

    for function, strange in ((swish, False), (lambda x: torch.erfinv(swish(x)).svd()[1], True)):
        given = meta(3, 3)
        with Ruling() as ruling:
            result = function(given)
        assert result.shape[0] == 3 and ruling.strange is strange


def test_a_placeholder_of_unknown_size_is_inferred_the_same():
    x = gg.placeholder(gg.float32, [None, 4])
    assert (x @ gg.ones([4, 3])).shape.as_list() == [None, 3]
    assert (x.reshape(-1, 2).t() * 2).shape.as_list() == [2, None]
    assert torch.cat([x, x]).mean(1).shape.as_list() == [None]
    with pytest.raises(gg.errors.RecordingError, match=r"(?s)matmul.*test_table\.py"):
        x @ gg.ones([5, 3])


FIRST_GRADIENT = """
import sys
import torch
slow = ("torch._dynamo", "sympy", "networkx", "torch.fx.experimental.symbolic_shapes")
before = [name for name in slow if name in sys.modules]
import graphgrad as gg
x = gg.placeholder(gg.float32, SHAPE)
w, b = gg.Variable(gg.ones([4, 3])), gg.get_variable("b", [3], initializer=gg.zeros_initializer())
h = gg.nn.relu(gg.matmul(x, w) + b)
y = gg.reduce_mean(gg.tanh(h) * 2.0 + gg.sin(h)) + gg.reduce_sum(gg.square(h), axis=1)[0]
labels = gg.nn.softmax_cross_entropy_with_logits(labels=gg.ones_like(h), logits=h)
loss = y + gg.reduce_mean(labels)
step = gg.train.GradientDescentOptimizer(0.1).minimize(loss)
with gg.Session() as session:
    session.run(gg.global_variables_initializer())
    feeds = {x: [[1.0, 2.0, 3.0, 4.0]] * 5}
    session.run([gg.gradients(loss, [w, b]), step], feeds)
imported = [name for name in slow if name in sys.modules and name not in before]
assert not imported, imported
"""


@pytest.mark.parametrize("shape", ["[5, 4]", "[None, 4]"])
def test_a_first_gradient_does_not_import_what_takes_seconds(shape):
    subprocess.run([sys.executable, "-c", FIRST_GRADIENT.replace("SHAPE", shape)], check=True)
