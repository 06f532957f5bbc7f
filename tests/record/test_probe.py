"""The stand-ins of a trial: what is in them, and what a call did to them."""

import pytest
import torch

from graphgrad.ground.spec import declared
from graphgrad.record.probe import ChangesArguments, Watch, elements, memory_of, versions_of, write


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.bool, torch.complex64])
def test_contents(dtype):
    tensor = torch.empty(2, 3, dtype=dtype)
    write(tensor, 0)
    assert tensor.flatten().tolist() == torch.arange(1, 7).to(dtype).tolist()
    write(tensor, 3)
    integral = dtype in (torch.int64, torch.bool)
    assert tensor.flatten().tolist() == ([1, 0, 1, 0, 1, 0] if integral else [1, 2, 3, 4, 5, 6])
    write(tensor, 1)
    assert not tensor.any()


def test_random_contents_have_full_rank_and_repeat():
    first, second = torch.empty(3, 3), torch.empty(3, 3)
    write(first, 2)
    write(second, 2)
    assert torch.equal(first, second) and torch.linalg.matrix_rank(first) == 3


@pytest.mark.parametrize(
    ("call", "changed"),
    [
        (lambda a, b: a + b, None),
        (lambda a, b: a.add_(b), [0]),
        (lambda a, b: torch._foreach_add_([b], 1.0), [1]),
        (lambda a, b: torch.add(a, b, out=b), [1]),
        (lambda a, b: a.clone().zero_(), None),
    ],
)
def test_what_a_call_changes_is_seen(call, changed):
    tensors = [torch.empty(2, device="meta"), torch.empty(2, device="meta")]
    watch, versions = Watch(), versions_of(tensors)
    watch.given = {id(tensor) for tensor in tensors}
    with watch, torch.no_grad():
        call(*tensors)
    if changed is None:
        watch.check(tensors, versions)
    else:
        with pytest.raises(ChangesArguments) as caught:
            watch.check(tensors, versions)
        assert caught.value.positions == changed


def test_random_calls_and_attention_are_seen():
    watch = Watch()
    with watch, torch.no_grad():
        torch.nn.functional.dropout(torch.empty(2, device="meta"))
        q = torch.zeros(1, 1, 2, 4)
        torch.nn.functional.scaled_dot_product_attention(q, q, q)
    assert watch.random and watch.attention


def test_memory():
    tensor = torch.zeros(3)
    assert memory_of(tensor) == memory_of(tensor[1:]) != memory_of(tensor.clone())
    assert memory_of(3) is None and memory_of(torch.eye(2).to_sparse()) is None


def test_elements():
    assert elements([declared([2, 3], torch.float32), declared([None], torch.float32)]) == 6 + 1680
