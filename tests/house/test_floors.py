"""A floor imports its own or lower floors, at the top of the file."""

import ast

import networkx as nx
import pytest

from tests.house.floors import FLOOR_OF, FLOORS, HEIGHT, climbs, floor_edges, hidden, homeless, member_of
from tests.house.source import Import, imports, modules, own_imports


def test_every_module_is_on_a_floor() -> None:
    assert homeless() == []


def test_a_floor_imports_its_own_or_lower_floors() -> None:
    assert climbs() == []


def test_imports_are_at_the_top_of_the_file() -> None:
    assert hidden() == []


def test_only_the_ground_opens_the_lazy_door() -> None:
    found = [
        f"{module.where}:{node.lineno}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("import_module", "importlib.import_module", "__import__")
        and member_of(module.name) != "ground"
    ]
    assert found == []


def test_modules_do_not_import_in_a_circle() -> None:
    names = frozenset(module.name for module in modules())
    reads = nx.DiGraph(
        (module.name, item.target) for module in modules() for item in own_imports(module, names) if item.place == "top"
    )
    circles = [sorted(circle) for circle in nx.strongly_connected_components(reads) if len(circle) > 1]
    assert circles == []


def test_edges_between_floors_lead_down() -> None:
    edges = floor_edges()
    assert edges, "no floor reads another: the diagram would be empty"
    assert all(HEIGHT[read] < HEIGHT[reader] for reader, read in edges)


def test_a_member_has_one_floor() -> None:
    members = [member for _, group in FLOORS for member in group]
    assert len(members) == len(set(members)) == len(FLOOR_OF)


@pytest.mark.parametrize(
    ("module", "member"),
    [("graphgrad", "__init__"), ("graphgrad.plan", "plan"), ("graphgrad.view.text", "view")],
)
def test_member_of(module: str, member: str) -> None:
    assert member_of(module) == member


@pytest.mark.parametrize(
    ("text", "target", "place"),
    [
        ("import a.b", "a.b", "top"),
        ("from a import b", "a.b", "top"),
        ("from .b import c", "house.room.b.c", "top"),
        ("from .. import b", "house.b", "top"),
        ("if TYPE_CHECKING:\n    import a", "a", "type checking"),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    a = 1", "a", "branch"),
        ("if x:\n    import a", "a", "branch"),
        ("try:\n    import a\nexcept ImportError:\n    pass", "a", "branch"),
        ("class C:\n    import a", "a", "class"),
        ("def f():\n    import a", "a", "function"),
        ("def f():\n    if TYPE_CHECKING:\n        import a", "a", "function"),
        ("class C:\n    def f(self):\n        with x:\n            import a", "a", "function"),
    ],
)
def test_an_import_is_seen_where_it_is(text: str, target: str, place: str) -> None:
    (found,) = imports(ast.parse(text), package="house.room")
    assert (found.target, found.place) == (target, place)


def test_each_imported_name_is_seen() -> None:
    assert imports(ast.parse("from a import b, c\nimport d")) == [
        Import("a.b", 1, "top"),
        Import("a.c", 1, "top"),
        Import("d", 2, "top"),
    ]
