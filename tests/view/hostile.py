"""A gradient graph whose names are made to break writers of text."""

import networkx

from graphgrad.view.gradient_graph import Graph
from tests.view.pictures import marked

NAMES = [
    'say "x"', "</script><script>alert(1)</script>", "--> n1", "#quot;", "; DROP", "x]", "two\nlines", "n" * 500,
    "中文/行列", "مرحبا", "😀🎉", "back\\", "%%{init: {}}%%", "$$x$$", "1. list", "- item", "`md` **b** _i_",
    "style:#x;", "&amp;&#60;", "{", "}", "a|b", "end", "a/b\"/c", "\x00\x1b\ud800\u202e", "\x00\x1b\ud800\u202d",
]  # fmt: skip


def hostile() -> Graph:
    """Every name of NAMES, as key, name, type, role and in the values of edges."""
    graph = marked().graph
    assert len(graph) == len(NAMES)
    names = dict(zip(graph, NAMES, strict=True))
    found: Graph = networkx.relabel_nodes(graph, names)
    for key, node in found.nodes(data=True):
        mirror = None if node["mirror"] is None else names[node["mirror"]]
        node |= {"name": key, "mirror": mirror, "roles": (*node["roles"], key), "type": f"{node['type']} {key}"}
    for source, _, data in found.edges(data=True):
        data |= {"value": source, "spec": source}
    return found
