"""Graph: names, look-up, collections, default graphs, and the networkx view of it all."""

import copy
import pickle
import threading

import networkx
import pytest
import torch

import graphgrad as gg
from graphgrad.graph.lint import lint


@pytest.fixture
def graph():
    return gg.get_default_graph()


# -- operations and names -------------------------------------------------------------------------------


def test_operations_come_in_creation_order(graph):
    x = gg.constant(1.0, name="x")
    y = gg.add(x, x, name="y")
    assert graph.get_operations() == [x.op, y.op] and len(graph) == 2
    assert [op.id for op in graph.get_operations()] == [0, 1]


def test_the_list_of_operations_is_a_copy(graph):
    gg.constant(1.0)
    graph.get_operations().clear()
    assert len(graph) == 1


def test_names_are_unique(graph):
    names = [gg.constant(1.0, name="c").op.name for _ in range(3)]
    assert names == ["c", "c_1", "c_2"]


def test_look_up_by_name(graph):
    x = gg.constant([1.0, 2.0], name="x")
    a, b = gg.unstack(x, name="parts")
    assert graph.get_operation_by_name("x") is x.op
    assert graph.get_tensor_by_name("parts:1") is b and graph.get_tensor_by_name("parts:0") is a


@pytest.mark.parametrize(
    ("look_up", "error"),
    [
        (lambda g: g.get_operation_by_name("none"), KeyError),
        (lambda g: g.get_operation_by_name("x:0"), ValueError),
        (lambda g: g.get_operation_by_name(3), TypeError),
        (lambda g: g.get_tensor_by_name("x"), ValueError),
        (lambda g: g.get_tensor_by_name("x:1"), KeyError),
        (lambda g: g.get_tensor_by_name("none:0"), KeyError),
        (lambda g: g.get_tensor_by_name("x:-1"), ValueError),
        (lambda g: g.get_tensor_by_name(None), TypeError),
    ],
)
def test_a_name_that_does_not_fit_is_an_error(graph, look_up, error):
    gg.constant(1.0, name="x")
    with pytest.raises(error):
        look_up(graph)


def test_unique_name_takes_the_name_unless_told_otherwise(graph):
    with graph.name_scope("layer"):
        assert graph.unique_name("w", mark_as_used=False) == "layer/w"
        assert [graph.unique_name("w"), graph.unique_name("w")] == ["layer/w", "layer/w_1"]
    assert gg.constant(1.0, name="layer/w").op.name == "layer/w_2"


# -- scopes ---------------------------------------------------------------------------------------------


def test_scopes_nest_and_are_unique(graph):
    for _ in range(2):
        with gg.name_scope("outer"), gg.name_scope("inner"):
            gg.constant(1.0, name="c")
    assert [op.name for op in graph.get_operations()] == ["outer/inner/c", "outer_1/inner/c"]


def test_a_trailing_slash_enters_a_scope_again(graph):
    with gg.name_scope("layer") as scope:
        gg.constant(1.0, name="a")
    with gg.name_scope(scope):
        gg.constant(1.0, name="b")
    assert scope == "layer/"
    assert [op.name for op in graph.get_operations()] == ["layer/a", "layer/b"]


@pytest.mark.parametrize("root", [None, ""])
def test_no_scope_is_the_root(graph, root):
    with gg.name_scope("layer"), graph.name_scope(root):
        assert gg.constant(1.0, name="c").op.name == "c"


def test_a_default_name_counts_where_no_name_is_given():
    with gg.name_scope(None, "fallback") as scope:
        assert scope == "fallback/"


def test_a_block_that_raises_leaves_the_context_as_it_was(graph):
    with pytest.raises(KeyError), gg.name_scope("a"), gg.device("cpu"), gg.control_dependencies([gg.no_op()]):
        raise KeyError
    op = gg.constant(1.0, name="c").op
    assert (op.name, op.device, op.control_inputs) == ("c", "", ())


# -- control dependencies and devices -------------------------------------------------------------------


def test_control_dependencies_add_up_and_none_forgets_them(graph):
    a, b = gg.no_op("a"), gg.constant(1.0, name="b")
    with gg.control_dependencies([a]):
        with gg.control_dependencies([b, "a"]):
            both = gg.no_op()
        with gg.control_dependencies(None):
            none = gg.no_op()
        one = gg.no_op()
    assert both.control_inputs == (a, b.op)
    assert none.control_inputs == ()
    assert one.control_inputs == (a,)


def test_a_control_input_that_is_none(graph):
    with pytest.raises(TypeError, match="a control input is"), gg.control_dependencies([3.0]):
        pass
    with gg.Graph().as_default():
        stranger = gg.no_op("stranger")
    with pytest.raises(ValueError, match="stranger belongs to another graph"), gg.control_dependencies([stranger]):
        pass


def test_devices_nest(graph):
    with gg.device("/gpu:1"):
        inside = gg.no_op()
        with gg.device(None):
            anywhere = gg.no_op()
    assert [inside.device, anywhere.device] == ["cuda:1", ""]


# -- collections ----------------------------------------------------------------------------------------


def test_a_collection_is_copied_and_its_reference_is_not(graph):
    gg.add_to_collection("losses", 1)
    graph.get_collection("losses").append(2)
    assert gg.get_collection("losses") == [1]
    graph.get_collection_ref("losses").append(3)
    assert gg.get_collection("losses") == [1, 3]
    assert gg.get_collection("none") == []


def test_a_collection_by_scope(graph):
    for scope in ("layer", "other"):
        with gg.name_scope(scope):
            gg.add_to_collection("losses", gg.constant(1.0, name="c"))
    gg.add_to_collection("losses", "no name")
    assert [each.name for each in gg.get_collection("losses", "layer")] == ["layer/c:0"]
    assert len(gg.get_collection("losses", ".*")) == 2


# -- finalize -------------------------------------------------------------------------------------------


def test_a_finalized_graph_takes_nothing_more(graph):
    x = gg.constant(1.0)
    graph.finalize()
    assert graph.finalized
    for change in (lambda: gg.constant(2.0), lambda: x * 2, gg.no_op, lambda: gg.add_to_collection("c", 1)):
        with pytest.raises(RuntimeError, match="finalized"):
            change()
    assert len(graph) == 1 and gg.Session().run(x) == 1.0


# -- default graphs -------------------------------------------------------------------------------------


def test_default_graphs_are_a_stack():
    base, outer, inner = gg.get_default_graph(), gg.Graph(), gg.Graph()
    with outer.as_default() as given:
        assert given is outer is gg.get_default_graph()
        with inner.as_default():
            assert gg.get_default_graph() is inner
        assert gg.get_default_graph() is outer
    assert gg.get_default_graph() is base


def test_a_reset_starts_a_fresh_graph():
    before = gg.get_default_graph()
    gg.constant(1.0)
    gg.reset_default_graph()
    assert gg.get_default_graph() is not before and len(gg.get_default_graph()) == 0


def test_a_reset_inside_a_block_is_refused():
    with gg.Graph().as_default(), pytest.raises(AssertionError, match="leave the block"):
        gg.reset_default_graph()


def test_each_thread_has_its_default_graph_and_scope(graph):
    found = []

    def work():
        found.append(gg.get_default_graph())
        with graph.as_default():
            found.append(gg.constant(1.0, name="c").op.name)

    with gg.name_scope("here"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert found[0] is not graph and found[1] == "c"


def test_threads_may_record_into_one_graph(graph):
    def work():
        with graph.as_default():
            x = gg.constant(1.0, name="c")
            for _ in range(100):
                x = x + 1.0

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(graph) == 404 and lint(graph) == []


# -- the networkx view ----------------------------------------------------------------------------------


def example():
    x = gg.placeholder(gg.float32, [3], name="x")
    a, b, c = gg.unstack(x, name="parts")
    square = gg.multiply(b, b, name="square")
    with gg.control_dependencies([a]):
        gg.subtract(c, square, name="end")


def test_a_node_per_operation_with_the_operation_in_it(graph):
    example()
    assert set(graph.nx.nodes) == {op.name for op in graph.get_operations()}
    assert all(graph.nx.nodes[op.name]["op"] is op for op in graph.get_operations())


def test_an_edge_per_read_and_per_control_dependency(graph):
    example()
    assert sorted(graph.nx.edges(data=True), key=str) == sorted(
        [
            ("x", "parts", {"output": 0, "input": 0}),
            ("parts", "square", {"output": 1, "input": 0}),
            ("parts", "square", {"output": 1, "input": 1}),
            ("parts", "end", {"output": 2, "input": 0}),
            ("square", "end", {"output": 0, "input": 1}),
            ("parts", "end", {"control": True}),
        ],
        key=str,
    )


def test_the_view_is_one_object_that_stays_current(graph):
    view = graph.nx
    nodes, edges, successors = view.nodes, view.edges, view.succ
    example()
    assert graph.nx is view
    assert len(nodes) == 4 and len(edges) == 6 and set(successors["parts"]) == {"square", "end"}
    gg.exp(graph.get_tensor_by_name("end:0"), name="late")
    assert "late" in view and "late" in nodes and ("end", "late", 0) in edges
    assert view.number_of_nodes() == 5 and view.in_degree("late") == 1
    assert list(view.predecessors("late")) == ["end"] and list(view.successors("end")) == ["late"]


def test_the_view_of_a_view_stays_current(graph):
    example()
    backwards = graph.nx.reverse(copy=False)
    part = networkx.subgraph_view(graph.nx, filter_node=lambda name: name != "x")
    gg.exp(graph.get_tensor_by_name("end:0"), name="late")
    assert list(backwards.successors("late")) == ["end"]
    assert "late" in part and "x" not in part


def test_networkx_algorithms_run_on_it(graph):
    example()
    view = graph.nx
    assert networkx.is_directed_acyclic_graph(view)
    assert networkx.ancestors(view, "end") == {"x", "parts", "square"}
    assert networkx.descendants(view, "square") == {"end"}
    assert networkx.shortest_path(view, "x", "square") == ["x", "parts", "square"]
    assert networkx.dag_longest_path(view) == ["x", "parts", "square", "end"]
    assert list(networkx.topological_sort(view)) == ["x", "parts", "square", "end"]
    assert networkx.number_weakly_connected_components(view) == 1
    assert view.in_degree("square") == 2 and view.number_of_edges("parts", "square") == 2


def same(one, other):
    assert set(one.nodes) == set(other.nodes)
    assert sorted(map(str, one.edges(keys=True, data=True))) == sorted(map(str, other.edges(keys=True, data=True)))


def test_a_copy_is_a_picture_of_its_moment(graph):
    example()
    picture = graph.nx.copy()
    same(picture, graph.nx)
    assert picture.nodes["x"]["op"] is graph.get_operation_by_name("x")
    gg.no_op("late")
    assert "late" not in picture and "late" in graph.nx
    picture.remove_node("x")
    assert "x" in graph.nx and lint(graph) == []


def test_a_deep_copy_keeps_the_operations_themselves(graph):
    example()
    picture = copy.deepcopy(graph.nx)
    same(picture, graph.nx)
    assert picture.nodes["x"]["op"] is graph.get_operation_by_name("x")


def test_the_undirected_copy_that_networkx_makes(graph):
    example()
    undirected = graph.nx.to_undirected()
    assert undirected.number_of_edges() == 6 and networkx.is_connected(undirected)


def test_the_structure_of_a_copy_can_be_pickled(graph):
    example()
    picture = graph.nx.copy()
    for _, data in picture.nodes(data=True):
        data.pop("op")
    same(pickle.loads(pickle.dumps(picture)), graph.nx)


def test_a_device_is_a_torch_device_or_a_name(graph):
    with gg.device(torch.device("cuda", 1)):
        assert gg.no_op().device == "cuda:1"


def test_collections_of_a_graph_are_listed_and_cleared():
    graph = gg.get_default_graph()
    graph.add_to_collections(["a", "b", "a"], 1)
    assert graph.get_all_collection_keys() == ["a", "b"] and graph.get_collection("a") == [1]
    graph.clear_collection("a")
    assert graph.get_all_collection_keys() == ["b"]
    with gg.name_scope("outer"), gg.name_scope("inner"):
        assert graph.get_name_scope() == "outer/inner"
    assert graph.get_name_scope() == ""


def test_a_result_may_have_the_name_of_its_scope():
    with gg.name_scope("loss") as scope:
        inner = gg.constant(1.0, name="x")
        total = gg.identity(inner * 2.0, name=scope)
        assert gg.exp(total, name="again").name == "loss/again:0"
    assert (inner.name, total.name) == ("loss/x:0", "loss:0")
    with pytest.raises(ValueError, match="already"):
        gg.constant(1.0, name="loss/")
    assert gg.constant(1.0, name="loss").name == "loss_1:0"


@pytest.mark.parametrize("name", ["_x", "-x", "/x"])
def test_a_name_at_the_root_starts_with_a_letter(name):
    with pytest.raises(ValueError, match="not a valid name"):
        gg.placeholder(gg.float32, name=name)
    with gg.name_scope("s"):
        assert gg.placeholder(gg.float32, name=name).name == f"s/{name}:0"


def test_a_graph_that_is_made_default_again_inside_another():
    outer, inner = gg.Graph(), gg.Graph()
    with outer.as_default(), inner.as_default():
        with outer.as_default():
            assert gg.get_default_graph() is outer
        assert gg.get_default_graph() is inner
