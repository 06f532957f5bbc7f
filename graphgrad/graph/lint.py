"""An executable specification of a graph: what must hold of every one, however it was made."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .graph import Graph


def lint(graph: Graph) -> list[str]:
    """What is wrong with this graph, a sentence each; an empty list for a sound one."""
    faults = []
    operations = graph.get_operations()
    names = Counter(op.name.lower() for op in operations)
    faults += [f"the name {name} is used {count} times" for name, count in names.items() if count > 1]
    for position, op in enumerate(operations):
        if op.id != position or op.graph is not graph:
            faults.append(f"{op.name} is not where its id says")
        for older in (*(value.op for value in op.reads), *op.controls):
            if older.graph is not graph or older.id >= op.id:
                faults.append(f"{op.name} reads {older.name}, which is not older")
        for value in set(op.reads):
            if value.readers.count(op) != op.reads.count(value):
                faults.append(f"{value.name} does not list its reader {op.name}")
        reads: Counter[Any] = Counter((value.op.name, value.index) for value in op.reads)
        reads.update((control.name, None) for control in op.controls)
        edges = Counter((source, data.get("output")) for source, _, data in graph.nx.in_edges(op.name, data=True))
        if edges != reads:
            faults.append(f"the networkx edges into {op.name} are {dict(edges)}, its reads {dict(reads)}")
    if set(graph.nx.nodes) != {op.name for op in operations}:
        faults.append("the networkx nodes are not the operations")
    return faults
