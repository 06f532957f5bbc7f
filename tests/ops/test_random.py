"""Random tensors: their distribution, and streams that depend on nothing but seed and place."""

import numpy as np
import pytest
import torch

import graphgrad as gg

MAKERS = {
    "random_normal": lambda **o: gg.random_normal([3], **o),
    "random_uniform": lambda **o: gg.random_uniform([3], **o),
    "random_uniform int": lambda **o: gg.random_uniform([3], 0, 10**6, gg.int64, **o),
    "truncated_normal": lambda **o: gg.truncated_normal([3], **o),
    "dropout": lambda **o: gg.nn.dropout(gg.ones([64]), 0.5, **o),
}


def draws(fetches, times=1):
    with gg.Session() as session:
        return [np.asarray(session.run(fetches)).tolist() for _ in range(times)]


# -- distributions --------------------------------------------------------------------------------------


@pytest.fixture(params=["recorded", "eager"])
def draw(request, run):
    def eager(make):
        with gg.eager_execution():
            return make().numpy()

    return eager if request.param == "eager" else lambda make: run(make())


def test_random_normal(draw):
    found = draw(lambda: gg.random_normal([20_000], 3.0, 2.0))
    assert found.dtype == np.float32 and abs(found.mean() - 3.0) < 0.1 and abs(found.std() - 2.0) < 0.1


def test_random_uniform(draw):
    found = draw(lambda: gg.random_uniform([20_000], -1.0, 3.0, gg.float64))
    assert found.dtype == np.float64 and -1 <= found.min() < -0.99 and 2.99 < found.max() < 3
    assert abs(found.mean() - 1.0) < 0.05


def test_random_uniform_of_integers(draw):
    found = draw(lambda: gg.random_uniform([2000], 2, 5, gg.int32))
    assert found.dtype == np.int32 and set(found.tolist()) == {2, 3, 4}
    with pytest.raises(ValueError, match="needs maxval"):
        gg.random_uniform([2], dtype=gg.int32)


def test_truncated_normal(draw):
    found = draw(lambda: gg.truncated_normal([20_000], 1.0, 2.0))
    assert -3 <= found.min() < -2.8 and 4.8 < found.max() <= 5
    assert abs(found.mean() - 1.0) < 0.1 and abs(found.std() - 2.0 * 0.8796) < 0.1


def test_a_shape_with_a_size_known_at_run_time(run):
    x = gg.placeholder(gg.float32, [None, 3])
    for make in (gg.random_normal, gg.random_uniform, gg.truncated_normal):
        assert run(make([x.shape[0], 2]), {x: np.ones((5, 3))}).shape == (5, 2)


def test_bounds_may_be_tensors(run):
    high = gg.placeholder(gg.float32, [])
    found = run(gg.random_uniform([100], 1.0, high), {high: 2.0})
    assert found.min() >= 1 and found.max() < 2


# -- streams --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MAKERS)
def test_each_run_draws_anew(name):
    one, other = draws(MAKERS[name](), 2)
    assert one != other


@pytest.mark.parametrize("name", MAKERS)
def test_the_graphs_seed_makes_sessions_repeat(name):
    gg.set_random_seed(7)
    tensor = MAKERS[name]()
    assert draws(tensor, 3) == draws(tensor, 3)


@pytest.mark.parametrize("name", MAKERS)
def test_another_seed_of_the_graph_draws_others(name):
    tensor = MAKERS[name]()
    gg.set_random_seed(7)
    seven = draws(tensor)
    gg.set_random_seed(8)
    assert draws(tensor) != seven


@pytest.mark.parametrize("name", MAKERS)
def test_an_op_seed_alone_makes_sessions_repeat(name):
    tensor = MAKERS[name](seed=3)
    assert draws(tensor, 2) == draws(tensor, 2)


@pytest.mark.parametrize("name", MAKERS)
def test_an_op_seed_counts_instead_of_the_place_in_the_graph(name):
    gg.set_random_seed(7)
    first = draws(MAKERS[name](seed=3))
    gg.no_op()
    assert draws(MAKERS[name](seed=3)) == first != draws(MAKERS[name](seed=4))


@pytest.mark.parametrize("name", MAKERS)
def test_two_ops_of_a_graph_draw_different_numbers(name):
    one, other = draws([MAKERS[name](), MAKERS[name]()])[0]
    assert one != other


@pytest.mark.parametrize("seeds", [(None, None), (1, 2), (1, 1), (None, 0), (0, None)], ids=str)
def test_a_draw_does_not_depend_on_what_else_is_fetched(seeds):
    gg.set_random_seed(7)
    first, second = (gg.random_normal([3], seed=seed) for seed in seeds)
    (alone,) = draws([second])
    (both,) = draws([first, second])
    assert both[1] == alone[0]


def test_a_draw_does_not_depend_on_the_order_of_runs():
    gg.set_random_seed(7)
    a, b = gg.random_normal([3]), gg.random_normal([3])
    with gg.Session() as one, gg.Session() as other:
        forward = [one.run(a).tolist(), one.run(b).tolist()]
        backward = [other.run(b).tolist(), other.run(a).tolist()]
    assert forward == backward[::-1]


def test_torchs_own_random_functions_have_streams_too():
    gg.set_random_seed(7)
    x = gg.ones([50])
    tensors = [torch.bernoulli(x * 0.5), torch.rand_like(x), gg.record(lambda: torch.randn(5))]
    for tensor in tensors:
        assert draws(tensor, 2) == draws(tensor, 2)
        assert len(set(map(str, draws(tensor, 2)))) == 2


@pytest.mark.parametrize("name", MAKERS)
def test_the_users_generator_is_left_alone(name):
    tensor = MAKERS[name]()
    torch.manual_seed(3)
    wanted = torch.rand(2).tolist()
    torch.manual_seed(3)
    draws(tensor, 2)
    assert torch.rand(2).tolist() == wanted


def test_recording_draws_nothing():
    torch.manual_seed(3)
    wanted = torch.rand(2).tolist()
    torch.manual_seed(3)
    for make in MAKERS.values():
        make()
    torch.poisson(gg.ones([3]) * 1.25)
    assert torch.rand(2).tolist() == wanted


def test_a_variable_starts_from_one_draw():
    v = gg.Variable(gg.random_normal([3]))
    with gg.Session() as session:
        session.run(v.initializer)
        assert session.run(v).tolist() == session.run(v).tolist()


@pytest.mark.parametrize("make", [gg.random_normal, gg.random_uniform, gg.truncated_normal], ids=lambda m: m.__name__)
def test_the_name_given_is_the_results(make):
    assert make([2], name="plain").name == "plain:0"
    assert make([2], 1.0, 2.0, name="scaled").name == "scaled:0"
