"""The tree of scopes: equal blocks are one branch, and nothing in it leads in a circle."""

from collections.abc import Iterator

import networkx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import graphgrad as gg
from graphgrad.view.folding import BUDGET, Group, forest, groups, sound, topological
from graphgrad.view.gradient_graph import Graph, gradient_graph
from tests.view.pictures import chain, deep, perceptron
from tests.view.scopes import scoped


def tree(group: Group) -> object:
    """The titles of a group's children; nested for groups."""
    return [child if isinstance(child, str) else (child.kind, child.title, tree(child)) for child in group.children]


def members(group: Group) -> Iterator[str]:
    for child in group.children:
        yield from [child] if isinstance(child, str) else members(child)


def check(graph: Graph) -> None:
    """Every forward node is in the tree once, and among the children of each group no reads lead in a circle."""
    roots = forest(graph)
    found = [key for root in roots for key in members(root)]
    assert sorted(found) == sorted(key for key, node in graph.nodes(data=True) if node["kind"] == "forward")
    for number, group in enumerate(groups(roots)):
        assert group.number == number and sorted(members(group)) == sorted(group.members)
        holder = {k: child for child in group.children for k in ([child] if isinstance(child, str) else child.members)}
        reads = [(a, b) for a, b, kind in graph.edges(data="kind") if kind == "forward" and a in holder and b in holder]
        rough = networkx.DiGraph((holder[a], holder[b]) for a, b in reads if holder[a] is not holder[b])
        assert networkx.is_directed_acyclic_graph(rough)


def test_scopes_nest() -> None:
    (root,) = forest(perceptron().graph)
    assert [title for title in root.children if isinstance(title, str)] == ["images", "square", "mean"]
    (scope,) = [child for child in root.children if isinstance(child, Group)]
    leaves = [f"sequential/{n}/{name}" for n in (0, 2) for name in ("weight", "bias", "linear")]
    assert (
        tree(scope)
        == [
            ("scope", "sequential/0", leaves[:3]),
            "sequential/1/tanh",  # a scope of one node is that node
            ("scope", "sequential/2", leaves[3:]),
        ]
    )


def test_a_chain_of_scopes_is_one() -> None:
    x = gg.constant(1.0, name="x")
    with gg.name_scope("a/b/c"):
        y = gg.sin(gg.cos(x))
    (root,) = forest(gradient_graph(y, x))
    (scope,) = [child for child in root.children if isinstance(child, Group)]
    assert (scope.title, scope.label, scope.name) == ("c", "a/b/c", "a/b/c")


def blocks(names: list[str], parallel: bool = False, between: bool = False, odd: int = -1) -> Group:
    x = gg.placeholder(gg.float32, [3], name="x")
    h, ends = x, []
    for n, name in enumerate(names):
        with gg.name_scope(name):
            h = torch.tanh((x if parallel else h) * 2.0)
            if n == odd:
                h = torch.relu(h)
        h = torch.sigmoid(h) if between else h
        ends.append(h)
    (root,) = forest(gradient_graph(gg.add_n(ends) if parallel else h, x))
    return root


@pytest.mark.parametrize("parallel", [False, True])
def test_equal_blocks_fold(parallel: bool) -> None:
    root = blocks([f"layer_{n}" for n in range(12)], parallel)
    (fold,) = [child for child in root.children if isinstance(child, Group)]
    assert (fold.kind, fold.title) == ("fold", "layer_0 … layer_11 ×12")
    assert [child.title for child in fold.children if isinstance(child, Group)] == [f"layer_{n}" for n in range(12)]


def test_a_block_that_differs_stays_out() -> None:
    root = blocks([f"layer_{n}" for n in range(8)], odd=3)
    titles = [child.title for child in root.children if isinstance(child, Group)]
    assert titles == ["layer_0 … layer_2 ×3", "layer_3", "layer_4 … layer_7 ×4"]


def test_blocks_with_something_between_them_do_not_fold() -> None:
    root = blocks([f"layer_{n}" for n in range(6)], between=True)
    assert [child.title for child in root.children if isinstance(child, Group)] == [f"layer_{n}" for n in range(6)]


@pytest.mark.parametrize("names", [["a", "b", "c", "d"], ["layer_0", "layer_1"]])
def test_two_or_other_names_do_not_fold(names: list[str]) -> None:
    assert [child.title for child in blocks(names).children if isinstance(child, Group)] == names


def test_a_scope_of_nothing_but_repeats_is_the_fold() -> None:
    (fold,) = [group for group in groups(forest(deep(5).graph)) if group.kind == "fold"]
    assert (fold.title, fold.label, fold.name) == ("blocks ×5", "blocks ×5", "deep/blocks/0…4")
    assert len(fold.members) == 55


def test_blocks_with_other_reads_inside_are_not_equal() -> None:
    class Either(nn.Module):
        def __init__(self, swapped: bool) -> None:
            super().__init__()
            self.swapped = swapped

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            a, b = torch.sin(x), torch.cos(x)
            return torch.sub(b, a) if self.swapped else torch.sub(a, b)

    x = gg.constant(1.0, name="x")
    model = nn.Sequential(*[Either(n == 1) for n in range(5)])
    titles = [group.title for group in groups(forest(gradient_graph(model(x), x))) if group.kind != "root"]
    assert titles[0] == "sequential" and "sequential/2 … 4 ×3" in titles and "sequential/1" in titles


def test_without_scopes_neighbours_are_runs() -> None:
    graph = chain(700).graph
    check(graph)
    (root,) = forest(graph)
    assert {child.kind for child in root.children if isinstance(child, Group)} == {"run"}
    assert len(root.children) <= 60


def test_long_runs_have_runs_in_them() -> None:
    graph = chain(6500).graph
    (root,) = forest(graph)
    assert sorted(members(root)) == sorted(root.members)
    assert all(len(group.children) <= BUDGET for group in groups(forest(graph)))


@given(st.integers(0, 10**9), st.integers(3, 60))
@settings(max_examples=40)
def test_random_scopes(seed: int, size: int) -> None:
    with gg.Graph().as_default():
        check(scoped(seed, size))


def test_topological_order_goes_by_age_and_leaves_circles_out() -> None:
    reads = {"c": ["a"], "b": [], "a": [], "x": ["y"], "y": ["x"]}
    assert topological(reads, "abcxy".index) == ["a", "b", "c"]


def test_parts_that_lead_in_a_circle_are_cut() -> None:
    reads: dict[int, list[int]] = {0: [], 1: [0], 2: [1], 3: [2], 4: [3]}
    assert sound(range(5), dict(enumerate("aabbc")), reads) == dict(enumerate("aabbc"))
    fine = sound(range(5), dict(enumerate("abbac")), reads)
    assert len(set(fine.values())) == 4 and fine[1] == fine[2] and fine[0] != fine[3]
