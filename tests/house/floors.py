"""The floors of the house, and what the code really reads from where; the documentation draws them."""

from collections import Counter

from tests.house.source import module_imports, modules, own_imports

# Lowest first. A member is a folder or a module of graphgrad/; `__init__` is graphgrad/__init__.py.
FLOORS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ground", ("ground", "platform")),
    ("graph", ("graph",)),
    ("record", ("record",)),
    ("ops", ("ops",)),
    ("autodiff", ("autodiff",)),
    ("plan", ("plan",)),
    ("run", ("run",)),
    ("train", ("train",)),
    ("rooms", ("view", "contrib", "nn", "summary", "test", "export", "distribute", "testing")),
    ("door", ("__init__",)),
    ("cli", ("tour", "script", "doctor", "tf1", "cli", "__main__")),
)

FLOOR_OF = {member: floor for floor, members in FLOORS for member in members}
HEIGHT = {floor: height for height, (floor, _) in enumerate(FLOORS)}


def member_of(module: str) -> str:
    """The folder or module of graphgrad/ that `module` belongs to: `view` of `graphgrad.view.text`."""
    return [*module.split("."), "__init__"][1]


def homeless() -> list[str]:
    """The modules that are on no floor."""
    return [module.where for module in modules() if member_of(module.name) not in FLOOR_OF]


def climbs() -> list[str]:
    """The imports that read a higher floor, or what is on none."""
    names = frozenset(module.name for module in modules())
    found = []
    for module in modules():
        floor = FLOOR_OF.get(member_of(module.name))
        for item in own_imports(module, names):
            target = FLOOR_OF.get(member_of(item.target))
            if floor is None or target is None or HEIGHT[target] > HEIGHT[floor]:
                found.append(f"{module.where}:{item.line} ({floor}) imports {item.target} ({target})")
    return found


def hidden() -> list[str]:
    """The imports that are not at the top of their file; other packages may be imported in a branch there."""
    found = []
    for module in modules():
        for item in module_imports(module):
            ours = item.target.split(".")[0] == "graphgrad"
            allowed = ("top", "type checking") if ours else ("top", "type checking", "branch")
            if item.place not in allowed:
                found.append(f"{module.where}:{item.line} imports {item.target} inside a {item.place}")
    return found


def floor_edges() -> Counter[tuple[str, str]]:
    """How many imports read from one floor to another: (reader, read) -> count."""
    names = frozenset(module.name for module in modules())
    edges: Counter[tuple[str, str]] = Counter()
    for module in modules():
        reader = FLOOR_OF[member_of(module.name)]
        for item in own_imports(module, names):
            read = FLOOR_OF[member_of(item.target)]
            if read != reader:
                edges[reader, read] += 1
    return edges
