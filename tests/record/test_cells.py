"""Arrays of tensors as a run hands them on, beside a Python list."""

import pytest
import torch

from graphgrad.record import cells


def number(value, **options):
    return torch.tensor(value, dtype=torch.float64, **options)


def array(size=3, **options):
    return cells.array(size, torch.float64, **options)


def filled(count):
    found = array(count)
    for index in range(count):
        found = cells.array_write(found, index, number(float(index)))
    return found


def test_a_younger_write_is_not_seen_by_an_older_value():
    first = cells.array_write(array(2, shape=()), 0, number(1.0))
    second = cells.array_write(first, 1, number(2.0))
    assert cells.array_stack(second).tolist() == [1.0, 2.0]
    assert cells.array_stack(first).tolist() == [1.0, 0.0]
    assert second.store is first.store


def test_two_writes_to_one_value_part():
    first = cells.array_write(array(2, shape=()), 0, number(1.0))
    left, right = (cells.array_write(first, 1, number(value)) for value in (2.0, 3.0))
    assert cells.array_stack(left).tolist() == [1.0, 2.0]
    assert cells.array_stack(right).tolist() == [1.0, 3.0]
    assert cells.array_stack(first).tolist() == [1.0, 0.0]


def test_a_thousand_writes_share_one_store():
    first = array(1000)
    last = first
    for index in range(1000):
        last = cells.array_write(last, index, number(float(index)))
    assert last.store is first.store
    assert cells.array_stack(last).tolist() == list(range(1000))


def test_a_tensor_is_kept_as_it_is_unless_a_copy_is_asked_for():
    value = number([1.0, 2.0])
    kept, copied = (cells.array_write(array(1), 0, value, copy=copy) for copy in (False, True))
    value += 1
    assert cells.array_read(kept, 0).tolist() == [2.0, 3.0]
    assert cells.array_read(copied, 0).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("index", [-1, 3])
def test_an_index_outside(index):
    with pytest.raises(ValueError, match=f"write to index {index} but array size is: 3 and the array is not resize"):
        cells.array_write(array(), index, number(1.0))
    with pytest.raises(ValueError, match=f"read from index {index} but array size is: 3"):
        cells.array_read(array(), index)
    with pytest.raises(ValueError, match=f"read from index {index} but array size is: 3"):
        cells.array_gather(array(), torch.tensor([index]))


def test_an_array_grows_if_it_may():
    grown = cells.array_write(array(1, shape=()), 2, number(5.0), dynamic=True)
    assert cells.array_size(grown).item() == 3
    assert cells.array_stack(grown).tolist() == [0.0, 0.0, 5.0]
    with pytest.raises(ValueError, match="write to index -1"):
        cells.array_write(grown, -1, number(5.0), dynamic=True)


def test_an_element_is_written_once():
    with pytest.raises(ValueError, match="index 1 because it has already been written to"):
        cells.array_write(filled(3), 1, number(0.0))
    with pytest.raises(ValueError, match="index 1 because it has already been written to"):
        cells.array_scatter(array(3), torch.tensor([1, 1]), number([0.0, 0.0]))


def test_an_element_is_written_again_once_it_was_emptied():
    before = filled(3)
    after = cells.array_write(cells.emptied(before, 1), 1, number(9.0))
    assert cells.array_stack(after).tolist() == [0.0, 9.0, 2.0]
    assert cells.array_stack(before).tolist() == [0.0, 1.0, 2.0]
    assert cells.emptied(before, 7) is before


def test_a_cleared_element_is_read_once():
    found = filled(3)
    assert cells.array_read(found, 1, clears=True).item() == 1.0
    for read in (lambda: cells.array_read(found, 1), lambda: cells.array_stack(found)):
        with pytest.raises(ValueError, match="Could not read index 1 twice"):
            read()
    with pytest.raises(ValueError, match="index 1 because it has already been read"):
        cells.array_write(found, 1, number(0.0))
    assert cells.array_gather(found, torch.tensor([2, 0]), clears=True).tolist() == [2.0, 0.0]
    with pytest.raises(ValueError, match="Could not read index 2 twice"):
        cells.array_read(found, 2)


def test_what_was_never_written_is_zeros_of_a_known_shape():
    assert cells.array_read(array(shape=(2,)), 0).tolist() == [0.0, 0.0]
    learnt = cells.array_write(array(), 2, number([1.0, 2.0]))
    assert cells.array_read(learnt, 0).tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="nothing was written there.*element_shape"):
        cells.array_read(array(), 0)


def test_elements_of_one_shape_unless_they_may_differ():
    one = cells.array_write(array(), 0, number([1.0]))
    with pytest.raises(ValueError, match=r"value shape is \[2\].*inferred element shape: \[1\]"):
        cells.array_write(one, 1, number([1.0, 2.0]))
    free = cells.array_write(array(2, alike=False), 0, number([1.0]))
    free = cells.array_write(free, 1, number([1.0, 2.0]))
    assert cells.array_concat(free).tolist() == [1.0, 1.0, 2.0]


def test_rows_of_a_tensor():
    rows = number([[1.0], [2.0], [3.0]])
    assert cells.array_stack(cells.array_unstack(array(3), rows)).tolist() == rows.tolist()
    scattered = cells.array_scatter(array(3), torch.tensor([2, 0, 1]), rows)
    assert cells.array_stack(scattered).tolist() == [[2.0], [3.0], [1.0]]
    pieces = cells.array_split(array(2, alike=False), rows, torch.tensor([1, 2]))
    assert cells.array_read(pieces, 1).tolist() == [[2.0], [3.0]]
    with pytest.raises(ValueError, match="index 2 but array size is: 2"):
        cells.array_unstack(array(2), rows)
    with pytest.raises(ValueError, match="2 indices for 3 rows"):
        cells.array_scatter(array(3), torch.tensor([0, 1]), rows)
    with pytest.raises(ValueError, match="sum of lengths is 2"):
        cells.array_split(array(2), rows, torch.tensor([1, 1]))
    with pytest.raises(ValueError, match=r"2 vs. 3"):
        cells.array_split(array(2), rows, torch.tensor([1, 1, 1]))


def test_no_elements_have_the_shape_that_is_told():
    assert cells.array_stack(array(0), shape=(2, 3)).shape == (0, 2, 3)
    assert cells.array_gather(array(3, shape=(4,)), torch.tensor([], dtype=torch.int64)).shape == (0, 4)
    assert cells.array_concat(array(0), shape=(2, 3)).shape == (0, 3)
    with pytest.raises(ValueError, match="Size should be >= 0"):
        array(-1)


def test_single_numbers_are_not_put_end_to_end():
    with pytest.raises(ValueError, match="Concat saw a scalar shape"):
        cells.array_concat(filled(2))


def test_gradients_pass_to_what_was_written():
    x = number(3.0, requires_grad=True)
    found = cells.array_write(cells.array_write(array(2), 0, x * x), 1, x)
    assert found.requires_grad
    (slope,) = torch.autograd.grad(cells.array_stack(found) @ number([1.0, 10.0]), x)
    assert slope.item() == 16.0


def test_what_was_read_has_a_node_of_its_own():
    y = number(3.0, requires_grad=True) * 2
    found = cells.array_read(cells.array_write(array(1), 0, y), 0)
    assert found is not y and found.grad_fn is not y.grad_fn


def test_a_constant_element_is_on_the_tape_of_its_array_with_a_gradient_of_zero():
    x = number(3.0, requires_grad=True)
    found = cells.array_write(cells.array_write(array(2), 0, x), 1, number(7.0))
    read = cells.array_read(found, 1)
    assert torch.autograd.grad(read, x, materialize_grads=True)[0].item() == 0.0
    with torch.no_grad():
        assert not cells.array_read(found, 1).requires_grad


def test_an_array_may_be_tied_to_what_was_not_written():
    x = number(3.0, requires_grad=True)
    plain = cells.array_write(array(1), 0, number(7.0))
    assert not plain.requires_grad
    read = cells.array_stack(plain.tied(x))
    assert torch.autograd.grad(read.sum(), x, materialize_grads=True)[0].item() == 0.0


def test_a_value_before_the_first_tensor_on_the_tape_is_off_it():
    before = cells.array_write(array(2), 0, number(1.0))
    after = cells.array_write(before, 1, number(2.0, requires_grad=True))
    assert after.requires_grad and not before.requires_grad
    assert not cells.array_detached(after).requires_grad
    assert cells.array_stack(cells.array_detached(after)).tolist() == [1.0, 2.0]


def test_what_is_written_off_the_tape_is_off_it():
    with torch.no_grad():
        found = cells.array_write(array(1), 0, number(2.0, requires_grad=True))
    assert not found.requires_grad and not cells.array_read(found, 0).requires_grad
