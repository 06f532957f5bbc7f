"""What a page knows of a graph, as plain data: every node and group as it is drawn, what reads what, what is told.

A page lays out again what is opened and closed, but it draws no node of its own: the shapes and texts of each are
those of the other pictures. Many nodes share them, so each is sent once, and known by its number.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Any

from ..graph.operation import Operation
from .collapse import summary
from .emblem import emblem, form
from .folding import Group, forest, groups
from .geometry import HEIGHT, ROUND, Box, Layout, Wire
from .gradient_graph import Graph
from .label import fitted
from .layout import BUTTON, NAME, WIDEST, box_width, label_width, widths
from .legend import legend
from .marks import Shape, Text
from .svg import class_name, number, path_text

_ENDLESS = 1e6  # pixels: a legend in one row
_LIT = {None: 0, True: 1, False: 2}


def sheet(graph: Graph, opened: Collection[int] | None, told: Mapping[str, str]) -> dict[str, Any]:
    """The data of a page, ready for JSON.

    Args:
        graph: a gradient graph, not collapsed.
        opened: the numbers of the groups of its `forest` that are open at first; all where it is None.
        told: what there is to say of nodes besides their attributes, by key.

    Returns:
        - `nodes`, in the order of the graph: key, type, width, look, marks, reading, mirror, innermost group,
          outputs, line of source, call, what is told; mirror and group are positions, -1 for none.
        - `groups`: parent (-1 for none), kind, label, title, name, width of the label, label as it is written.
        - `folded`: a closed group as a node, once for each lane and kind that it has nodes in: as for nodes up to the
          reading, then the group and a note.
        - `edges`: source, target, kind, value, spec, whether it carries a gradient, is a control, is highlighted.
        - `opened`; `legend`: marks; and the tables that the numbers in all these point into: `texts`, `kinds`,
          `looks` (kind, form, roles, on the path, lane, highlighted), `shapes` (class, path) and `patterns` of marks,
          in which a text is [class, x, y, size, anchor]. Marks are a pattern and its texts.
    """
    return _Sheet(graph, told).data(opened)


class _Table:
    """Things by number, each once."""

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}

    def __getitem__(self, item: Hashable) -> int:
        return self.numbers.setdefault(item, len(self.numbers))


def _written(mark: Any) -> Any:
    """A shape's number, or a text as the page wants it."""
    if isinstance(mark, int):
        return mark
    style, x, y, size, anchor = mark
    return [class_name(style), number(x), number(y), number(size), anchor]


class _Sheet:
    """The data of one page in the making."""

    def __init__(self, graph: Graph, told: Mapping[str, str]) -> None:
        self.graph, self.told = graph, told
        self.groups = list(groups(forest(graph)))
        self.texts, self.looks, self.shapes, self.patterns, self.kinds = (_Table() for _ in range(5))
        self.lines: dict[Operation, tuple[int, int]] = {}
        self.holder: dict[str, int] = {}
        self.parent = [-1] * len(self.groups)
        for group in self.groups:
            for child in group.children:
                if isinstance(child, Group):
                    self.parent[child.number] = group.number
                else:
                    self.holder[child] = group.number

    def data(self, opened: Collection[int] | None) -> dict[str, Any]:
        position = {key: n for n, key in enumerate(self.graph)}
        wide = widths(self.graph)
        found: dict[str, Any] = {
            "nodes": [self._node(key, wide[key], position) for key in self.graph],
            "groups": [self._group(group) for group in self.groups],
            "folded": [record for members in self._members() for record in self._folded(*members)],
            "edges": [
                [position[source], position[target], *self._edge(data)]
                for source, target, data in self.graph.edges(data=True)
            ],
            "opened": sorted(range(len(self.groups)) if opened is None else opened),
            "legend": self._legend(),
        }
        tables = {"texts": self.texts, "kinds": self.kinds, "looks": self.looks}
        found |= {name: list(table.numbers) for name, table in tables.items()}
        found["shapes"] = [[class_name(style), path_text(path)] for style, path in self.shapes.numbers]
        found["patterns"] = [[_written(mark) for mark in pattern] for pattern in self.patterns.numbers]
        return found

    def _node(self, key: str, wide: float, position: Mapping[str, int]) -> list[Any]:
        node = self.graph.nodes[key]
        mirror = -1 if node["mirror"] is None else position[node["mirror"]]
        facts = (self.texts[", ".join(node["outputs"])], *self._line(node["op"]), self.texts[self.told.get(key, "")])
        return [*self._drawn(node, key, wide), mirror, self.holder.get(key, -1), *facts]

    def _line(self, op: Operation) -> tuple[int, int]:
        """Where an operation was recorded, and its call."""
        if op not in self.lines:
            self.lines[op] = self.texts[op.where()], self.texts[op.describe()]
        return self.lines[op]

    def _drawn(self, node: Mapping[str, Any], key: str, wide: float) -> list[Any]:
        """What nodes and closed groups have alike."""
        box = Box(0.0, 0.0, wide, ROUND if node["kind"] == "sum" else HEIGHT, 0, 0)
        reading = node.get("reading")
        measured: Any = 0
        if reading is not None:
            marks = self._marks(emblem(node, key, box).marks)
            measured = [marks, *[self.texts[text] for text in (reading.text, reading.alarm, reading.detail)]]
            node = {name: value for name, value in node.items() if name != "reading"}
        look = (node["kind"], form(node), node["roles"], int(node["on_path"]), node["lane"], _LIT[node.get("lit")])
        plain = self._marks(emblem(node, key, box).marks)
        return [self.texts[key], self.texts[node["type"]], wide, self.looks[look], plain, measured]

    def _marks(self, marks: list[Shape | Text]) -> list[int]:
        pattern: list[Hashable] = []
        texts: list[int] = []
        for mark in marks:
            if isinstance(mark, Shape):
                pattern.append(self.shapes[mark.style, mark.path])
            else:
                pattern.append((mark.style, mark.x, mark.y, mark.size, mark.anchor))
                texts.append(self.texts[mark.text])
        return [self.patterns[tuple(pattern)], *texts]

    # -- groups -----------------------------------------------------------------------------------

    def _group(self, group: Group) -> list[Any]:
        texts = [self.texts[text] for text in (group.label, group.title, group.name)]
        fit = self.texts[fitted(group.label, NAME, WIDEST - BUTTON)]
        return [self.parent[group.number], group.kind, *texts, label_width(group.label), fit]

    def _members(self) -> list[tuple[Group, dict[tuple[int, bool], list[str]]]]:
        """For each group the nodes in it and what mirrors them, by lane and kind."""
        found: list[dict[tuple[int, bool], list[str]]] = [{} for _ in self.groups]
        innermost: dict[str, int] = {}
        for key, node in self.graph.nodes(data=True):
            innermost[key] = at = self.holder[key] if node["mirror"] is None else innermost[node["mirror"]]
            while at >= 0:
                found[at].setdefault((node["lane"], node["kind"] == "forward"), []).append(key)
                at = self.parent[at]
        return [(group, found[group.number]) for group in self.groups if group.kind != "root"]

    def _folded(self, group: Group, members: Mapping[tuple[int, bool], list[str]]) -> list[list[Any]]:
        found = []
        for (_, forward), keys in members.items():
            node = summary(self.graph, keys, group) | self._lit(keys)
            key = group.name if forward else f"d({group.name})"
            found.append((key, node))
        wide = max(box_width(node) for _, node in found)
        return [[*self._drawn(node, key, wide), group.number, self.texts[node["note"]]] for key, node in found]

    def _lit(self, keys: list[str]) -> dict[str, bool]:
        lit = [self.graph.nodes[key]["lit"] for key in keys if "lit" in self.graph.nodes[key]]
        return {"lit": any(lit)} if lit else {}

    # -- the rest ---------------------------------------------------------------------------------

    def _edge(self, data: Mapping[str, Any]) -> list[int]:
        facts = [self.kinds[data["kind"]], self.texts[data["value"]], self.texts[data["spec"]]]
        return [*facts, int(data["carries"]), int(bool(data.get("control"))), _LIT[data.get("lit")]]

    def _legend(self) -> list[int]:
        """Of everything that occurs in the graph, in one row from the left."""
        wires = [Wire(source, target, data, (), "") for source, target, data in self.graph.edges(data=True)]
        return self._marks(legend(self.graph, Layout({}, wires, [], [], _ENDLESS, 0.0)).part.marks)
