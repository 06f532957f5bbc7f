"""Session: what a run returns, what it runs, what it leaves alone, and how it fails."""

import collections
import sys
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

import graphgrad as gg


@pytest.fixture
def sess():
    with gg.Session() as session:
        yield session


class Pair(NamedTuple):
    first: Any
    second: Any


# -- fetches --------------------------------------------------------------------------------------------


def test_a_tensor_gives_an_array_and_a_scalar_tensor_a_numpy_scalar(sess):
    vector, scalar = gg.constant([1.0, 2.0]), gg.constant(3)
    found = sess.run([vector, scalar])
    assert isinstance(found[0], np.ndarray) and found[0].tolist() == [1.0, 2.0]
    assert type(found[1]) is np.int32 and found[1] == 3


@pytest.mark.parametrize("dtype", [gg.float16, gg.float64, gg.int8, gg.uint8, gg.bool, gg.complex64, gg.int64], ids=str)
def test_dtypes_come_back_as_they_are(sess, dtype):
    found = sess.run(gg.zeros([2], dtype))
    assert torch.from_numpy(found).dtype is dtype


def test_a_dtype_that_numpy_lacks_comes_back_as_a_torch_tensor(sess):
    found = sess.run(gg.constant([1.5], gg.bfloat16))
    assert isinstance(found, torch.Tensor) and found.dtype is torch.bfloat16 and found.tolist() == [1.5]


def test_torch_outputs():
    x = gg.placeholder(gg.float32, [2])
    with gg.Session(outputs="torch") as session:
        vector, scalar, gradient = session.run([x * 2, x.sum(), gg.gradients(x * x, x)[0]], {x: [1, 2]})
    assert isinstance(vector, torch.Tensor) and vector.tolist() == [2, 4]
    assert isinstance(scalar, torch.Tensor) and scalar.shape == ()
    assert not gradient.requires_grad and gradient.grad_fn is None


def test_an_operation_and_a_none_give_none(sess):
    assert sess.run(gg.no_op()) is None
    assert sess.run(gg.constant(1.0).op) is None
    assert sess.run(None) is None
    assert sess.run([None]) == [None]


def test_a_variable_and_names(sess):
    v = gg.Variable(2.0, name="v")
    sess.run(v.initializer)
    gg.constant(5.0, name="c")
    assert sess.run([v, "v:0", "c:0", "c"]) == [2.0, 2.0, 5.0, None]


def test_any_nest_comes_back_with_its_structure(sess):
    a, b = gg.constant(1.0), gg.constant(2.0)
    nest = {"list": [a, [b, None]], "tuple": (a, ()), "pair": Pair(b, {"deep": a}), "empty": [], "none": {}}
    found = sess.run(nest)
    assert found == {
        "list": [1.0, [2.0, None]], "tuple": (1.0, ()), "pair": Pair(2.0, {"deep": 1.0}), "empty": [], "none": {},
    }  # fmt: skip
    assert type(found["tuple"]) is tuple and type(found["pair"]) is Pair


def test_an_ordered_dict_keeps_its_type_and_order(sess):
    nest = collections.OrderedDict([("z", gg.constant(1.0)), ("a", gg.constant(2.0))])
    found = sess.run(nest)
    assert type(found) is collections.OrderedDict and list(found.items()) == [("z", 1.0), ("a", 2.0)]


def test_a_default_dict_keeps_its_type(sess):
    nest = collections.defaultdict(list, a=gg.constant(1.0))
    found = sess.run(nest)
    assert isinstance(found, collections.defaultdict) and found == {"a": 1.0}


def test_the_same_fetches_in_lists_and_tuples_keep_their_types(sess):
    a = gg.constant(1.0)
    assert sess.run([a]) == [1.0]
    assert sess.run((a,)) == (1.0,)
    assert sess.run(a) == 1.0
    assert sess.run({0: a}) == {0: 1.0}
    assert sess.run([Pair(a, a)]) == [Pair(1.0, 1.0)]
    assert type(sess.run(Pair(a, a))) is Pair
    assert type(sess.run((a, a))) is tuple


@pytest.mark.parametrize("fetch", [1.0, np.ones(2), object(), torch.ones(2), b"c"], ids=lambda f: type(f).__name__)
def test_what_cannot_be_fetched_is_a_type_error(sess, fetch):
    with pytest.raises(TypeError, match="a fetch is"):
        sess.run([fetch])


def test_a_generator_cannot_be_fetched(sess):
    with pytest.raises(TypeError, match="generator"):
        sess.run(each for each in [gg.constant(1.0)])


@pytest.mark.parametrize("name", ["missing", "missing:0", "c:1", "c:x", ":0", ""])
def test_an_unknown_name_is_a_value_error(sess, name):
    gg.constant(1.0, name="c")
    with pytest.raises(ValueError, match="missing|c:|:0|''"):
        sess.run(name)


def test_a_tensor_of_another_graph_is_a_value_error(sess):
    with gg.Graph().as_default():
        stranger = gg.constant(1.0, name="stranger")
    for fetch in (stranger, stranger.op, [stranger]):
        with pytest.raises(ValueError, match="stranger.* belongs to another graph"):
            sess.run(fetch)


def test_a_size_can_be_fetched(sess):
    x = gg.placeholder(gg.float32, [None])
    assert sess.run(x.shape[0] * 2, {x: np.zeros(3)}) == 6


# -- what is run ----------------------------------------------------------------------------------------


def test_only_what_the_fetches_need_is_run(sess):
    x = gg.placeholder(gg.float32, [])
    gg.log(gg.placeholder(gg.float32, []), name="unwanted")
    y = gg.exp(x, name="wanted")
    source = sess.source(y, [x])
    assert "wanted" in source and "unwanted" not in source
    assert sess.run(y, {x: 0.0}) == 1.0


def test_a_fed_tensor_cuts_what_is_above_it(sess):
    unfed = gg.placeholder(gg.float32, [])
    h = gg.exp(unfed)
    assert sess.run(h * 2, {h: 3.0}) == 6.0


def test_fed_and_fetched_gives_what_was_fed(sess):
    x = gg.placeholder(gg.float32, [2])
    data = np.float32([1, 2])
    found = sess.run(x, {x: data})
    assert found.tolist() == [1, 2] and not np.shares_memory(found, data)


def test_duplicate_fetches_are_computed_once(sess):
    x = gg.random_normal([3])
    a, b, c = sess.run([x, x, [x * 1.0][0]])
    assert a.tolist() == b.tolist() == c.tolist()
    y = gg.tanh(x)
    assert sess.source([y, y, {"again": y}]).count("torch.tanh(") == 1


def test_ops_built_after_the_session_are_runnable(sess):
    assert sess.run(gg.constant(1.0)) == 1.0
    assert sess.run(gg.constant(2.0) * 2) == 4.0


def test_an_unfed_placeholder_is_an_invalid_argument(sess):
    x = gg.placeholder(gg.float32, [], name="images")
    with pytest.raises(gg.errors.InvalidArgumentError, match="images must be fed") as caught:
        sess.run(x * 2)
    assert caught.value.op is x.op and "test_session.py" in caught.value.message


def test_a_changed_feed_changes_the_result_of_the_same_run(sess):
    x = gg.placeholder(gg.float32, [])
    assert [sess.run(x * x, {x: float(n)}) for n in range(4)] == [0, 1, 4, 9]


def test_the_order_of_a_feed_dict_does_not_matter(sess):
    x, y = gg.placeholder(gg.float32, []), gg.placeholder(gg.float32, [])
    assert sess.run(x - y, {x: 3.0, y: 1.0}) == 2.0
    assert sess.run(x - y, {y: 1.0, x: 3.0}) == 2.0


# -- nothing aliases anything ---------------------------------------------------------------------------


def test_a_fetched_variable_is_not_changed_by_a_later_assign(sess):
    v = gg.Variable([1.0, 2.0])
    sess.run(v.initializer)
    before = sess.run(v)
    view = sess.run(gg.reshape(v, [2, 1]))
    sess.run(v.assign_add([10.0, 10.0]))
    sess.run(v.assign([0.0, 0.0]))
    assert before.tolist() == [1, 2] and view.ravel().tolist() == [1, 2]


@pytest.mark.parametrize("form", ["identity", "reshape", "slice", "transpose", "to", "contiguous"])
def test_writing_into_a_fetched_array_changes_no_state(sess, form):
    v = gg.Variable([[1.0, 2.0]])
    sess.run(v.initializer)
    views: dict[str, Callable[[Any], Any]] = {
        "identity": gg.identity, "reshape": lambda t: gg.reshape(t, [2]), "slice": lambda t: t[:, :1],
        "transpose": gg.transpose, "to": lambda t: t.to(torch.float32), "contiguous": torch.Tensor.contiguous,
    }  # fmt: skip
    sess.run(views[form](v))[...] = 77.0
    assert sess.run(v).tolist() == [[1, 2]]


def test_writing_into_a_fetched_assign_changes_no_state(sess):
    v = gg.Variable([1.0])
    sess.run(v.initializer)
    updates = [v.assign([5.0]), v.assign_add([1.0]), v.assign(v * 1.0), v.assign_sub([2.0])]
    for fetch in updates + [gg.reshape(update, [1, 1]) for update in updates] + [gg.identity(each) for each in updates]:
        found = sess.run(fetch)
        kept = found.copy()
        found[...] = 77.0
        assert sess.run(v).tolist() == kept.ravel().tolist()


def test_a_fetched_constant_is_a_copy(sess):
    c = gg.constant([1.0, 2.0])
    sess.run(c)[...] = 77.0
    sess.run(c[:1])[...] = 77.0
    assert sess.run(c).tolist() == [1, 2]


def test_a_fetch_never_aliases_a_feed(sess):
    x = gg.placeholder(gg.float32, [2])
    data = np.float32([1, 2])
    for fetch in (x, x[1:], gg.identity(x), x.reshape(2, 1), x.to(torch.float32)):
        sess.run(fetch, {x: data})[...] = 77.0
    assert data.tolist() == [1, 2]


def test_fetches_do_not_alias_each_other(sess):
    x = gg.placeholder(gg.float32, [2])
    y = x * 2
    arrays = sess.run([y, y[:1], gg.identity(y), y.reshape(2, 1)], {x: [1, 2]})
    for n, one in enumerate(arrays):
        for other in arrays[n + 1 :]:
            assert not np.shares_memory(one, other)


def test_a_duplicate_fetch_is_an_array_of_its_own(sess):
    x = gg.placeholder(gg.float32, [2])
    y = x * 2
    one, other = sess.run([y, y], {x: [1, 2]})
    assert not np.shares_memory(one, other)


def test_fetched_gradients_do_not_alias_each_other_or_the_seed(sess):
    x, y, seed = (gg.placeholder(gg.float32, [2]) for _ in range(3))
    data = np.float32([1, 2])
    arrays = sess.run([*gg.gradients(x + y, [x, y], grad_ys=seed), seed], {x: [0, 0], y: [0, 0], seed: data})
    for array in arrays:
        assert array.tolist() == [1, 2]
        assert not np.shares_memory(array, data)
    assert not np.shares_memory(arrays[0], arrays[1])
    arrays[0][...] = 77.0
    assert arrays[1].tolist() == [1, 2]


def test_an_expanded_result_is_writable_in_full(sess):
    found = sess.run(gg.constant([1.0]).expand(3))
    found[0] = 5.0
    assert found.tolist() == [5, 1, 1]
    (gradient,) = sess.run(gg.gradients(gg.reduce_sum(x := gg.constant([1.0, 2.0])), x))
    gradient[0] = 5.0
    assert gradient.tolist() == [5, 1]


def test_what_was_assigned_does_not_alias_the_feed(sess):
    v, x = gg.Variable([0.0, 0.0]), gg.placeholder(gg.float32, [2])
    update = v.assign(x)
    data = np.float32([1, 2])
    sess.run(update, {x: data})
    data[...] = 77.0
    assert sess.run(v).tolist() == [1, 2]


def test_a_variable_assigned_from_another_does_not_follow_it(sess):
    a, b = gg.Variable([1.0]), gg.Variable([2.0])
    sess.run(gg.global_variables_initializer())
    sess.run(b.assign(a))
    sess.run(a.assign_add([5.0]))
    assert [each.tolist() for each in sess.run([a, b])] == [[6.0], [1.0]]


def test_two_variables_assigned_the_same_value_are_independent(sess):
    a, b, x = gg.Variable([1.0]), gg.Variable([2.0]), gg.placeholder(gg.float32, [1])
    value = x * 2
    sess.run([a.assign(value), b.assign(value), value], {x: [3.0]})
    sess.run(a.assign_add([1.0]))
    assert [each.tolist() for each in sess.run([a, b])] == [[7.0], [6.0]]


def test_a_variable_made_of_an_array_does_not_follow_it(sess):
    data = np.float32([1, 2])
    v, c = gg.Variable(data), gg.constant(data)
    data[...] = 77.0
    sess.run(v.initializer)
    assert sess.run([v, c])[0].tolist() == [1, 2] == sess.run(c).tolist()


def test_initialising_again_is_not_disturbed_by_updates(sess):
    v = gg.Variable([1.0])
    for _ in range(2):
        sess.run(v.initializer)
        assert sess.run(v.assign_add([1.0])).tolist() == [2.0]


# -- state ----------------------------------------------------------------------------------------------


def test_state_lives_in_the_session():
    v = gg.Variable(1.0)
    with gg.Session() as one, gg.Session() as other:
        for session in (one, other):
            session.run(v.initializer)
        one.run(v.assign_add(5.0))
        assert [one.run(v), other.run(v)] == [6.0, 1.0]


def test_an_uninitialised_variable_is_a_failed_precondition(sess):
    v = gg.Variable(1.0, name="weights")
    for fetch in (v, v * 2, v.assign_add(1.0), gg.gradients(v * v, v)):
        with pytest.raises(gg.errors.FailedPreconditionError, match="weights has no value yet") as caught:
            sess.run(fetch)
        assert caught.value.op.name == "weights" and "test_session.py" in str(caught.value)


def test_an_assign_initialises(sess):
    v = gg.Variable(1.0)
    assert sess.run(v.assign(5.0)) == 5.0
    assert sess.run(v) == 5.0


def test_a_parameter_needs_no_initializer_and_stays_as_it_is(sess):
    weight = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    y = gg.constant([1.0, 1.0]) * weight
    assert sess.run(y).tolist() == [1, 2]
    (variable,) = gg.global_variables()
    sess.run(variable.assign([5.0, 5.0]))
    assert sess.run(y).tolist() == [5, 5]
    assert weight.tolist() == [1, 2]


def test_a_read_sees_the_value_from_before_the_run(sess):
    v = gg.Variable(1.0)
    sess.run(v.initializer)
    assert sess.run([v * 1.0, v.assign(5.0), v + 0.0]) == [1.0, 5.0, 1.0]
    assert sess.run([v.assign_add(1.0), v, v * 2]) == [6.0, 5.0, 10.0]
    assert sess.run([v, v.assign_add(1.0)]) == [6.0, 7.0]


def test_control_dependencies_order_a_read_after_an_assign(sess):
    v = gg.Variable(1.0)
    sess.run(v.initializer)
    update = v.assign(5.0)
    with gg.control_dependencies([update]):
        after = v.read_value()
        computed = v * 2
    assert sess.run([after, computed, v]) == [5.0, 10.0, 1.0]


def test_control_dependencies_order_a_read_before_an_assign(sess):
    v = gg.Variable(1.0)
    sess.run(v.initializer)
    before = v.read_value()
    with gg.control_dependencies([before]):
        update = v.assign_add(1.0)
    assert sess.run([update, before]) == [2.0, 1.0]


def test_data_orders_assigns(sess):
    v = gg.Variable(1.0)
    sess.run(v.initializer)
    second = v.assign(v.assign_add(1.0) * 10.0)
    assert sess.run(second) == 20.0
    assert sess.run(v) == 20.0


def test_a_chain_of_ordered_updates(sess):
    v = gg.Variable(1.0)
    sess.run(v.initializer)
    updates = []
    for _ in range(3):
        with gg.control_dependencies(updates[-1:]):
            updates.append(v.assign_add(1.0))
    assert sess.run(updates) == [2.0, 3.0, 4.0]
    assert sess.run(v) == 4.0


def test_a_read_between_two_ordered_updates_sees_the_first(sess):
    v = gg.Variable(1.0)
    sess.run(v.initializer)
    first = v.assign(2.0)
    with gg.control_dependencies([first]):
        between = v.read_value()
    with gg.control_dependencies([between]):
        second = v.assign(3.0)
    assert sess.run([second, between, first]) == [3.0, 2.0, 2.0]
    assert sess.run(between) == 2.0
    assert sess.run(v) == 2.0


def test_the_gradient_of_a_run_that_updates_sees_the_value_from_before(sess):
    v = gg.Variable(3.0)
    sess.run(v.initializer)
    (g,) = gg.gradients(v * v, v)
    assert sess.run([v.assign_sub(0.5 * g), g, v]) == [0.0, 6.0, 3.0]
    assert sess.run([g, v.assign_add(1.0), g]) == [0.0, 1.0, 0.0]


def test_reads_and_writes_are_the_same_every_time(sess):
    v = gg.Variable(1.0)
    sess.run(v.initializer)
    fetches = [v.assign_add(1.0), v, v * 2, v.read_value()]
    for n in range(1, 6):
        assert sess.run(fetches) == [n + 1, n, 2 * n, n]


def test_group_runs_all_of_its_inputs(sess):
    a, b = gg.Variable(1.0), gg.Variable(1.0)
    sess.run(gg.global_variables_initializer())
    assert sess.run(gg.group(a.assign(2.0), [b.assign(3.0)])) is None
    assert sess.run([a, b]) == [2.0, 3.0]


# -- failures -------------------------------------------------------------------------------------------


def failing_op(x):
    return gg.gather(gg.constant([1.0, 2.0]), x)


@pytest.mark.parametrize("how", ["assign", "assign_add", "assign_sub"])
def test_a_run_that_raises_leaves_every_variable_as_it_was(sess, how):
    v, w, index = gg.Variable(1.0), gg.Variable(1.0), gg.placeholder(gg.int32, [])
    sess.run(gg.global_variables_initializer())
    update = getattr(v, how)(5.0)
    bad = failing_op(index)
    with gg.control_dependencies([update]):
        late = failing_op(index) * 2
        other = w.assign_add(late)
    for fetches in ([update, bad], [bad, update], [late], [other], [gg.group(update, other)]):
        with pytest.raises(gg.errors.InvalidArgumentError):
            sess.run(fetches, {index: 9})
        assert sess.run([v, w]) == [1.0, 1.0]


def test_an_update_of_the_wrong_run_time_shape_changes_nothing(sess):
    a, b, x = gg.Variable([1.0, 1.0]), gg.Variable([1.0, 1.0]), gg.placeholder(gg.float32, [None])
    sess.run(gg.global_variables_initializer())
    for update in (b.assign_add(x), b.assign(x), b.assign_sub(x)):
        with pytest.raises((gg.errors.InvalidArgumentError, ValueError)):
            sess.run([a.assign_add([1.0, 1.0]), update], {x: [1, 2, 3]})
        assert [each.tolist() for each in sess.run([a, b])] == [[1, 1], [1, 1]]


def test_a_failing_op_is_named_with_the_users_line(sess):
    index = gg.placeholder(gg.int32, [])
    y = gg.gather(gg.constant([1.0, 2.0]), index, name="pick")  # the line to be named
    with pytest.raises(gg.errors.InvalidArgumentError) as caught:
        sess.run(y * 2, {index: 9})
    assert caught.value.op is y.op
    assert "pick" in str(caught.value) and "the line to be named" in str(caught.value)
    assert caught.value.op.traceback[0].endswith("test_session.py")


def test_run_time_failures_are_exceptions_of_one_family():
    assert issubclass(gg.errors.InvalidArgumentError, gg.errors.OpError)
    assert issubclass(gg.errors.FailedPreconditionError, gg.errors.OpError)


def test_a_shape_that_fails_at_run_time_names_its_op(sess):
    x, y = gg.placeholder(gg.float32, [None, 3]), gg.placeholder(gg.float32, [None, 3])
    z = gg.add(x, y, name="sum")
    with pytest.raises(gg.errors.InvalidArgumentError, match="sum") as caught:
        sess.run(z, {x: np.ones((2, 3)), y: np.ones((4, 3))})
    assert caught.value.op is z.op


def test_a_run_after_a_failed_one_works(sess):
    index = gg.placeholder(gg.int32, [])
    y = failing_op(index)
    with pytest.raises(gg.errors.InvalidArgumentError):
        sess.run(y, {index: 9})
    assert sess.run(y, {index: 1}) == 2.0
    assert torch.is_grad_enabled()


# -- make_callable --------------------------------------------------------------------------------------


def test_make_callable(sess):
    x, y = gg.placeholder(gg.float32, []), gg.placeholder(gg.float32, [])
    call = sess.make_callable({"difference": x - y}, [x, y])
    assert call(5.0, 3.0) == {"difference": 2.0}
    assert sess.make_callable(gg.constant(7.0))() == 7.0


def test_a_callable_checks_its_arguments(sess):
    x = gg.placeholder(gg.float32, [2])
    call = sess.make_callable(x * 2, [x])
    for values in ((), ([1, 2], [3, 4])):
        with pytest.raises(TypeError, match="takes 1 values"):
            call(*values)
    with pytest.raises(ValueError, match=r"shape \[3\]"):
        call([1, 2, 3])
    with pytest.raises(TypeError, match="feed_list"):
        sess.make_callable(x, x)


def test_a_callable_updates_variables(sess):
    v, x = gg.Variable(1.0), gg.placeholder(gg.float32, [])
    sess.run(v.initializer)
    add = sess.make_callable(v.assign_add(x), [x])
    assert [add(1.0), add(2.0)] == [2.0, 4.0]


def test_a_callable_of_a_closed_session(sess):
    call = sess.make_callable(gg.constant(1.0))
    sess.close()
    with pytest.raises(RuntimeError, match="closed"):
        call()


# -- threads --------------------------------------------------------------------------------------------


def in_threads(work, count=4):
    failures = []

    def guarded(n):
        try:
            work(n)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_threads_share_a_session(sess):
    x = gg.placeholder(gg.float32, [])
    fetches = [x * x, *gg.gradients(x * x, x)]

    def work(n):
        for k in range(50):
            value = float(n * 50 + k)
            assert sess.run(fetches, {x: value}) == [value * value, 2 * value]

    in_threads(work)


def test_no_update_is_lost_or_doubled_by_one_thread_at_a_time_and_reads_are_whole(sess):
    v = gg.Variable(np.zeros(1000, np.float32))
    sess.run(v.initializer)
    update = v.assign_add(np.ones(1000, np.float32))

    def work(n):
        for _ in range(50):
            if n == 0:
                sess.run(update)
            else:
                found = sess.run(v)
                assert found.min() == found.max()

    in_threads(work)
    assert sess.run(v)[0] == 50.0


def test_updates_from_many_threads_all_count(sess):
    v = gg.Variable(0.0)
    sess.run(v.initializer)
    update = v.assign_add(1.0).op

    def work(n):
        for _ in range(100):
            sess.run(update)

    in_threads(work)
    assert sess.run(v) == 400.0


# -- the program ----------------------------------------------------------------------------------------


def execute(sess, fetches, feed_dict=None):
    """The numbers of `sess.source()` run by itself."""
    namespace: dict[str, Any] = {}
    exec(sess.source(fetches, feed_dict or {}), namespace)
    outputs, _ = namespace["program"](*sess.program_inputs(fetches, feed_dict))
    return [output.detach().numpy() if isinstance(output, torch.Tensor) else output for output in outputs]


def network():
    x = gg.placeholder(gg.float32, [None, 3], name="x")
    w = gg.Variable(np.arange(6.0).reshape(3, 2).astype(np.float32) / 10, name="w")
    hidden = gg.tanh(x @ w + np.float32([0.1, 0.2]))
    parts = gg.split(hidden, 2, axis=1)
    loss = gg.reduce_mean(gg.square(parts[0] - parts[1])) + gg.reduce_sum(x[:, 1:]) * 1e-3
    (g,) = gg.gradients(loss, w)
    (second,) = gg.gradients(gg.reduce_sum(g * g), w)
    return x, w, [loss, g, second, gg.gradients(loss, [x, hidden], stop_gradients=[parts[0]])]


def flat(nest):
    return [leaf for item in nest for leaf in flat(item)] if isinstance(nest, list) else [nest]


def test_the_source_runs_by_itself_and_gives_the_same_numbers(sess):
    x, w, fetches = network()
    sess.run(w.initializer)
    feeds = {x: np.random.rand(4, 3)}
    wanted = flat(sess.run(fetches, feeds))
    for have, want in zip(execute(sess, fetches, feeds), wanted, strict=True):
        np.testing.assert_array_equal(have, want)


def test_the_source_shows_the_gradient_call_the_frees_and_the_users_lines(sess):
    x, w, fetches = network()
    source = sess.source(fetches, [x])
    assert "torch.autograd.grad(" in source and "del " in source and "# tests" in source
    assert "tanh" in source and "def program(feeds, state, const, run):" in source


def test_the_source_of_updates(sess):
    v = gg.Variable([1.0, 2.0])
    sess.run(v.initializer)
    update = v.assign_add([1.0, 1.0])
    namespace: dict[str, Any] = {}
    exec(sess.source([v, update.op]), namespace)
    feeds, state, const, run = sess.program_inputs([v, update.op])
    namespace["program"](feeds, state, const, run)
    assert state[0].tolist() == [2, 3]
    assert sess.run(v).tolist() == [1, 2]


def test_the_source_of_a_long_program_runs_by_itself(sess):
    x = y = gg.placeholder(gg.float32, [])
    for n in range(2500):
        y = y + float(n % 3)
    fetches = [y, *gg.gradients(y * y, x)]
    wanted = sess.run(fetches, {x: 1.0})
    assert [float(each) for each in execute(sess, fetches, {x: 1.0})] == [float(each) for each in wanted]


def test_the_source_of_special_arguments_runs_by_itself(sess):
    x = gg.placeholder(gg.float32, [4])
    fetches = [
        gg.clip_by_value(x, -np.inf, 0.5), torch.where(x > 0, x, float("nan")), x[1:], x[..., None],
        torch.full([2], float("inf")) + x[:2], x.to(torch.float64), x[torch.tensor([0, 2])], x[[1, 3]],
        torch.nan_to_num(x, nan=float("nan")), x ** -1.0, -x ** 2, x * -3, torch.max(x, 0).values,
        (x > 0) & (x < 1), x % 2.0, x[None].T, gg.pad(x, [[1, 1]]), torch.einsum("i,j->ij", x, x),
    ]  # fmt: skip
    feeds = {x: [-1.0, 0.25, 0.5, 2.0]}
    wanted = sess.run(fetches, feeds)
    for have, want in zip(execute(sess, fetches, feeds), wanted, strict=True):
        np.testing.assert_array_equal(have, want)


def test_the_source_of_functions_that_are_not_torchs_runs_by_itself(sess):
    x = gg.placeholder(gg.float32, [None, 3])
    fetches = [gg.shape(x), -x.shape[0], x.shape[0] % 2]
    feeds = {x: np.ones((2, 3))}
    assert sess.run(fetches, feeds)[1:] == [-2, 0]
    assert execute(sess, fetches, feeds)[1:] == [-2, 0]


def test_the_source_of_user_functions_and_names_that_are_no_identifiers(sess):
    def double(t):
        return t * 2

    x = gg.placeholder(gg.float32, [], name="1-x/y.z")
    with gg.name_scope("class"):
        y = gg.identity(x, name="def")
    z = gg.add(double(y), y, name="feeds")
    torch_name = gg.add(z, 1.0, name="torch")
    assert sess.run([z, torch_name], {x: 2.0}) == [6.0, 7.0]
    assert execute(sess, [z, torch_name], {x: 2.0}) == [6.0, 7.0]


# -- life -----------------------------------------------------------------------------------------------


def test_a_closed_session_refuses_and_closing_twice_is_fine(sess):
    x = gg.constant(1.0)
    assert sess.run(x) == 1.0
    sess.close()
    sess.close()
    with pytest.raises(RuntimeError, match="closed"):
        sess.run(x)
    with pytest.raises(RuntimeError, match="closed"):
        sess.run(x * 2)


def test_leaving_the_block_closes():
    with gg.Session() as session:
        x = gg.constant(1.0)
    with pytest.raises(RuntimeError, match="closed"):
        session.run(x)


def test_with_is_not_reentrant(sess):
    with pytest.raises(RuntimeError, match="re-entrant"):
        sess.__enter__()


def test_as_default_does_not_close():
    x = gg.constant(2.0)
    session = gg.Session()
    with session.as_default():
        assert gg.get_default_session() is session
        assert x.eval() == 2.0
    assert gg.get_default_session() is None
    assert session.run(x) == 2.0


def test_eval_and_run_use_the_default_session(sess):
    v, x = gg.Variable(1.0), gg.placeholder(gg.float32, [])
    v.initializer.run()
    v.assign_add(x).op.run({x: 4.0})
    assert v.eval() == 5.0
    assert (v * x).eval({x: 2.0}) == 10.0


def test_eval_and_run_without_a_session():
    x = gg.constant(1.0)
    with pytest.raises(ValueError, match="no default session"):
        x.eval()
    with pytest.raises(ValueError, match="no default session"):
        x.op.run()
    assert x.eval(session=gg.Session()) == 1.0


def test_sessions_nest():
    x = gg.constant(1.0)
    with gg.Session() as outer:
        with gg.Session() as inner:
            assert gg.get_default_session() is inner
        assert gg.get_default_session() is outer
        assert x.eval() == 1.0


def test_an_interactive_session_is_the_default_until_closed():
    session = gg.InteractiveSession()
    try:
        assert gg.get_default_session() is session
        assert gg.constant(3.0).eval() == 3.0
    finally:
        session.close()
    assert gg.get_default_session() is None


def test_a_session_of_another_graph():
    graph = gg.Graph()
    with graph.as_default():
        x = gg.constant(4.0)
    assert gg.Session(graph=graph).run(x) == 4.0
    with gg.Session(graph=graph):
        assert gg.get_default_graph() is graph


def test_a_session_with_tf1s_arguments_in_tf1s_order():
    graph = gg.Graph()
    with graph.as_default():
        x = gg.constant(4.0)
    config = gg.ConfigProto(allow_soft_placement=True)
    for session in (gg.Session("", graph), gg.Session("", graph, config), gg.Session(None, graph), gg.Session(graph)):
        assert session.graph is graph and session.run(x) == 4.0
    for target in ("grpc://localhost:2222", b"local"):
        with pytest.raises(NotImplementedError, match="leave the target empty"):
            gg.Session(target)
    with pytest.raises(TypeError, match="not a gg.Graph"):
        gg.Session(config)


def test_load_sets_variables_without_touching_the_graph():
    v, w = gg.Variable([1.0, 2.0]), gg.Variable(3)
    y = v * 2.0
    gg.get_default_graph().finalize()
    given = np.array([5.0, 6.0], np.float32)
    with gg.Session() as session:
        session.load({v: given, w: 7})
        given[:] = 0.0  # what was loaded is a copy
        assert session.run([y, w])[0].tolist() == [10.0, 12.0] and session.run(w) == 7
        session.load({v: torch.tensor([0.5, 0.5])})
        assert session.run(y).tolist() == [1.0, 1.0]
        for wrong, error in (({w: 8, v: [1.0]}, ValueError), ({v: [0.0, 0.0], w: 1.5}, TypeError)):
            with pytest.raises(error):
                session.load(wrong)
        assert session.run(w) == 7 and session.run(v).tolist() == [0.5, 0.5]  # all of them or none
        with gg.Graph().as_default(), pytest.raises(ValueError, match="another graph"):
            session.load({gg.Variable(1.0): 2.0})
    with pytest.raises(RuntimeError, match="closed"):
        session.load({})


@pytest.mark.parametrize("options", [{"graph": 5}, {"graph": "g"}])
def test_a_session_of_no_graph(options):
    with pytest.raises(TypeError, match="not a gg.Graph"):
        gg.Session(**options)


def test_unknown_options_of_a_session():
    with pytest.raises(ValueError, match="outputs"):
        gg.Session(outputs="jax")
    with pytest.raises(ValueError, match="device"):
        gg.Session(device="tpu9")


# -- torch's modes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mode",
    [torch.no_grad, torch.inference_mode, lambda: torch.autocast("cpu", torch.bfloat16), torch.enable_grad],
    ids=["no_grad", "inference_mode", "autocast", "enable_grad"],
)
def test_a_run_does_not_depend_on_the_callers_modes(sess, mode):
    x, w = gg.placeholder(gg.float32, [2, 2]), gg.Variable([[1.1, 2.2], [3.3, 4.4]])
    sess.run(w.initializer)
    y = gg.reduce_sum(gg.tanh(x @ w) ** 2)
    (g,) = gg.gradients(y, w)
    fetches = [y, g, gg.gradients(gg.reduce_sum(g * g), w)[0], w.assign_sub(g).op]
    data = {x: np.eye(2)}
    outside = sess.run(fetches, data)
    sess.run(w.initializer)
    with mode():
        inside = sess.run(fetches, data)
        again = sess.run([w.assign_add(g).op, g], data)
    for have, want in zip(inside[:3], outside[:3], strict=True):
        np.testing.assert_array_equal(have, want)
    np.testing.assert_array_equal(sess.run(g, data).shape, again[1].shape)


def test_a_session_first_used_inside_inference_mode(sess):
    weight = torch.nn.Linear(2, 1)
    x = gg.placeholder(gg.float32, [None, 2])
    y = weight(x)
    (g,) = gg.gradients(y, x)
    v = gg.Variable([1.0])
    with torch.inference_mode():
        sess.run(v.initializer)
        inside = sess.run([y, g], {x: np.ones((3, 2))})
        fed = sess.run(y, {x: torch.ones(3, 2)})
    outside = sess.run([y, g], {x: np.ones((3, 2))})
    np.testing.assert_array_equal(inside[0], outside[0])
    np.testing.assert_array_equal(inside[1], outside[1])
    np.testing.assert_array_equal(fed, outside[0])
    assert sess.run(v.assign_add([1.0])).tolist() == [2.0]
    assert sess.run(gg.gradients(v * v, v))[0].tolist() == [4.0]


def test_a_run_inside_a_torch_function_mode_and_default_device(sess):
    x = gg.placeholder(gg.float32, [2])
    with torch.device("cpu"):
        assert sess.run(x * 2, {x: [1, 2]}).tolist() == [2, 4]


def test_the_grad_mode_of_the_caller_is_left_as_it_was(sess):
    x = gg.placeholder(gg.float32, [])
    (g,) = gg.gradients(x * x, x)
    with torch.no_grad():
        sess.run(g, {x: 1.0})
        assert not torch.is_grad_enabled()
    sess.run(g, {x: 1.0})
    assert torch.is_grad_enabled()


def test_the_global_generators_are_left_as_they_were(sess):
    torch.manual_seed(3)
    wanted = torch.rand(3)
    torch.manual_seed(3)
    sess.run([gg.random_normal([5]), torch.nn.functional.dropout(gg.ones([9]), 0.5)])
    assert torch.rand(3).tolist() == wanted.tolist()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_cuda_session_without_cuda_says_so():
    with pytest.raises(RuntimeError, match=r"device is 'cuda:0', and torch finds no CUDA device"):
        gg.Session(device="cuda:0")


def test_no_thread_sees_half_an_update_and_none_is_lost():
    size, rounds = 50_000, 60
    v, w = gg.Variable(np.zeros(size, np.float32)), gg.Variable(np.zeros(size, np.float32))
    step = gg.group(v.assign_add(gg.ones([size])), w.assign_add(gg.ones([size])))
    session = gg.Session()
    session.run(gg.global_variables_initializer())
    torn, done = [], threading.Event()

    def train():
        for _ in range(rounds):
            session.run(step)

    def read():
        while not done.is_set():
            found = session.run([v, w])
            if len({float(number) for value in found for number in (value.min(), value.max())}) > 1:
                torn.append(found)

    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        trainers, readers = ([threading.Thread(target=work) for _ in "ab"] for work in (train, read))
        for thread in (*trainers, *readers):
            thread.start()
        for thread in trainers:
            thread.join()
        done.set()
        for thread in readers:
            thread.join()
    finally:
        sys.setswitchinterval(switching)
    assert not torn
    assert set(session.run(v).tolist()) == {2.0 * rounds}


def test_the_default_dtype_of_the_run_changes_nothing():
    i, a = gg.placeholder(gg.int64, [2]), gg.Variable([1.0, 2.0])
    session = gg.Session()
    session.run(gg.global_variables_initializer())
    half = a.assign(i / 2)
    torch.set_default_dtype(torch.float64)
    try:
        session.run(half.op, {i: [1, 3]})
        assert torch.get_default_dtype() is torch.float64
        assert session.run(a).dtype == np.float32
    finally:
        torch.set_default_dtype(torch.float32)


def test_the_plan_of_a_run_is_that_of_its_program(sess):
    x = gg.placeholder(gg.float32, [], name="x")
    y = gg.sin(x, name="y")
    plan = sess.plan([y, gg.gradients(y, x)], [x])
    assert [step.op.type for step in plan.steps] == ["Sin", "Gradients"]
    assert [value.name for value in plan.feeds] == ["x:0"] and len(plan.sweeps) == 1
    assert len(gg.plot(plan).graph) >= 3


def test_variables_that_start_from_equal_values_share_no_memory(sess):
    first, second = gg.Variable(gg.zeros([3])), gg.Variable(gg.zeros([3]))
    update = first.assign_add([1.0, 1.0, 1.0])
    sess.run(gg.global_variables_initializer())
    sess.run(update.op)
    assert sess.run(first).tolist() == [1, 1, 1] and sess.run(second).tolist() == [0, 0, 0]
