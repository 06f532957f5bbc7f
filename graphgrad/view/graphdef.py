"""A graph as a TensorFlow GraphDef in protobuf's text format, for TensorBoard and Netron; needs neither of them."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import torch

from ..graph.graph import Graph
from ..graph.scopes import legal_name
from .gauge import words
from .gradient_graph import Graph as GradientGraph

K = TypeVar("K", bound=Hashable)

PRODUCER = 22  # the version of GraphDef: what TensorFlow 1.0 wrote
BOX = "gradients/"

# Shape and TensorFlow's dtype of an output; None where unknown.
Sizes = Sequence[int | None]
Output = tuple[Sizes | None, str | None]

_DTYPES = {
    torch.float32: "DT_FLOAT", torch.float64: "DT_DOUBLE", torch.float16: "DT_HALF", torch.bfloat16: "DT_BFLOAT16",
    torch.int8: "DT_INT8", torch.int16: "DT_INT16", torch.int32: "DT_INT32", torch.int64: "DT_INT64",
    torch.uint8: "DT_UINT8", torch.uint16: "DT_UINT16", torch.uint32: "DT_UINT32", torch.uint64: "DT_UINT64",
    torch.bool: "DT_BOOL", torch.complex64: "DT_COMPLEX64", torch.complex128: "DT_COMPLEX128",
    torch.qint8: "DT_QINT8", torch.quint8: "DT_QUINT8", torch.qint32: "DT_QINT32",
}  # fmt: skip
_BY_NAME = {str(dtype).removeprefix("torch."): name for dtype, name in _DTYPES.items()}

_LEGAL = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.>/-]*\Z")
_SPEC = re.compile(r"(\w+)\[(\.\.\.|(?:\?|\d+)?(?:, (?:\?|\d+))*)\]\Z")
_POSITION = re.compile(r":(\d+)\)*\Z")
_ESCAPES = {0x5C: "\\\\", 0x22: '\\"', 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t"}


class _Node(NamedTuple):
    name: str
    op: str
    inputs: Sequence[str]
    device: str
    outputs: Sequence[Output]
    roles: Sequence[str] = ()
    reading: str = ""


def graphdef(graph: Graph | GradientGraph) -> str:
    """A graph as a GraphDef in protobuf's text format (`.pbtxt`), the same text for the same graph.

    Args:
        graph: a `Graph`, of which every operation becomes a node; or what `gradient_graph` returns, in which all
            that is not forward goes under the scope `gradients`.

    Returns:
        The text. Each node has, as attributes, the shape of each output (`_output_shapes`) and the dtype of the
        first; nodes of a gradient graph their roles, too (`_roles`), and what was measured there (`_reading`). A
        name that TensorBoard does not take is replaced by one that is like it.

    >>> import graphgrad as gg
    >>> with gg.Graph().as_default() as graph:
    ...     x = gg.placeholder(gg.float32, [None, 3], name="x")
    ...     y = gg.add(x, x, name="y")
    >>> [line.strip() for line in graphdef(graph).splitlines() if '"y"' in line or "put:" in line or "size" in line]
    ['size: -1', 'size: 3', 'name: "y"', 'input: "x"', 'input: "x"', 'size: -1', 'size: 3']
    """
    nodes = _operations(graph) if isinstance(graph, Graph) else _gradient_nodes(graph)
    out = [text for node in nodes for text in _node(node)]
    return "\n".join([*out, "versions {", f"  producer: {PRODUCER}", "}"]) + "\n"


# -- what the nodes are ---------------------------------------------------------------------------


def _operations(graph: Graph) -> Iterator[_Node]:
    operations = graph.get_operations()
    names = _names({op: op.name for op in operations})
    for op in operations:
        inputs = [_port(names[value.op], value.index) for value in op.reads]
        inputs += [f"^{names[control]}" for control in op.controls]
        outputs = [(value.spec.shape, _DTYPES.get(value.spec.dtype)) for value in op.values]
        yield _Node(names[op], op.type, inputs, _device(op.device), outputs)


def _gradient_nodes(graph: GradientGraph) -> Iterator[_Node]:
    names = _names({key: _wanted(key, node) for key, node in graph.nodes(data=True)})
    ports = _ports(graph)
    for key, node in graph.nodes(data=True):
        edges = list(graph.in_edges(key, keys=True, data=True))
        edges.sort(key=lambda edge: edge[3].get("input", 0))  # stable: others stay as they are
        controls = [f"^{names[source]}" for source, _, _, data in edges if data.get("control")]
        edges = [edge for edge in edges if not edge[3].get("control")]
        inputs = [_port(names[source], ports[source, key, n]) for source, _, n, _ in edges] + controls
        device = node["op"].device if "op" in node else ""
        outputs = [_output(text) for text in node.get("outputs", ())]
        reading = node.get("reading")
        said = "" if reading is None else words(reading)
        yield _Node(names[key], _kind(node), inputs, _device(device), outputs, node["roles"], said)


def _wanted(key: str, node: Mapping[str, Any]) -> str:
    """The name of a node of a gradient graph, if it is legal and free: `gradients/layer/mul_grad`, as in TensorFlow."""
    if node["kind"] == "forward":
        return key
    name = re.sub(r":\d+\Z", "", node["name"])
    suffix = {"adjoint": "_grad", "sum": "_sum", "gradient": "_gradient"}[node["kind"]]
    return f"{'' if name.startswith(BOX) else BOX}{name}{suffix}"


def _kind(node: Mapping[str, Any]) -> str:
    """The type of a node: `MulGrad` for '∂ Mul', `AddN` for a sum, `Gradient` for a result."""
    kind: str = node["op"].type if "step" in node and "op" in node else node["type"]
    if node["kind"] == "forward":
        return kind
    base = kind.lstrip("∂ ")
    base = {"+": "AddN", "∇": "Gradient"}.get(base.partition(" ")[0], base)
    return base + "Grad" * (len(kind) - len(kind.lstrip("∂ ")) >> 1)


def _output(text: str) -> Output:
    """Shape and dtype of an output from its text, such as 'float32[?, 3]'."""
    if text == "int":
        return (), "DT_INT64"
    match = _SPEC.match(text)
    if match is None:
        return None, None
    sizes = (
        None if match[2] == "..." else [None if size == "?" else int(size) for size in re.findall(r"\?|\d+", match[2])]
    )
    return sizes, _BY_NAME.get(match[1])


def _ports(graph: GradientGraph) -> dict[tuple[str, str, int], int]:
    """The output that each edge of a gradient graph starts from."""
    found: dict[tuple[str, str, int], int] = {}
    for key, node in graph.nodes(data=True):
        outputs = node.get("outputs", ())
        taken: dict[tuple[str, int], int] = {}
        seen: dict[tuple[str, str, str], int] = {}
        for _, target, n, data in graph.out_edges(key, keys=True, data=True):
            if len(outputs) < 2:
                found[key, target, n] = 0
            elif node["kind"] == "forward":
                match = _POSITION.search(data["value"])
                found[key, target, n] = int(match[1]) if match and int(match[1]) < len(outputs) else 0
            else:
                count = seen[target, data["kind"], data["value"]] = (
                    seen.get((target, data["kind"], data["value"]), -1) + 1
                )
                found[key, target, n] = _claim(outputs, taken, (data["value"], count), data["spec"])
    return found


def _claim(outputs: Sequence[str], taken: dict[tuple[str, int], int], value: tuple[str, int], spec: str) -> int:
    """The output of an adjoint that gives this value; no edge says which, but those that look alike are as good."""
    if value not in taken:
        used = set(taken.values())
        free = [n for n, text in enumerate(outputs) if text == spec and n not in used]
        alike = [n for n, text in enumerate(outputs) if text == spec]
        taken[value] = (free or alike or [0])[0]
    return taken[value]


def _names(wanted: Mapping[K, str]) -> dict[K, str]:
    """A legal name for each node, no two alike; legal ones stay as they are."""
    found: dict[K, str] = {}
    used: set[str] = set()
    for key, name in wanted.items():
        if _LEGAL.match(name) and name not in used:
            used.add(name)
            found[key] = name
    for key, name in wanted.items():
        if key not in found:
            stem = candidate = legal_name(name).replace("\\", "_") or "x"
            n = 0
            while candidate in used:
                n += 1
                candidate = f"{stem}_{n}"
            used.add(candidate)
            found[key] = candidate
    return found


def _port(name: str, index: int) -> str:
    return f"{name}:{index}" if index else name


def _device(device: str) -> str:
    """A torch device as TensorFlow spells it.

    >>> _device("cuda:1"), _device("cpu"), _device("")
    ('/device:GPU:1', '/device:CPU:0', '')
    """
    if not device:
        return ""
    kind, _, index = device.partition(":")
    return f"/device:{'GPU' if kind == 'cuda' else kind.upper()}:{index or 0}"


# -- text -----------------------------------------------------------------------------------------


def _node(node: _Node) -> Iterator[str]:
    """The lines of a node, one field a line: TensorBoard's page reads no other layout."""
    yield "node {"
    yield f"  name: {_quoted(node.name)}"
    yield f"  op: {_quoted(node.op)}"
    yield from (f"  input: {_quoted(source)}" for source in node.inputs)
    if node.device:
        yield f"  device: {_quoted(node.device)}"
    if node.outputs:
        yield from _attribute("_output_shapes", _listed(text for shape, _ in node.outputs for text in _shape(shape)))
    if node.reading:
        yield from _attribute("_reading", [f"s: {_quoted(node.reading)}"])
    if node.roles:
        yield from _attribute("_roles", _listed(f"s: {_quoted(role)}" for role in node.roles))
    if node.outputs and node.outputs[0][1]:
        yield from _attribute("dtype", [f"type: {node.outputs[0][1]}"])
    yield "}"


def _attribute(key: str, value: Iterable[str]) -> Iterator[str]:
    yield from ("  attr {", f"    key: {_quoted(key)}", "    value {")
    yield from (f"      {text}" for text in value)
    yield from ("    }", "  }")


def _listed(items: Iterable[str]) -> Iterator[str]:
    yield "list {"
    yield from (f"  {text}" for text in items)
    yield "}"


def _shape(shape: Sizes | None) -> Iterator[str]:
    yield "shape {"
    if shape is None:
        yield "  unknown_rank: true"
    for size in shape or ():
        yield from ("  dim {", f"    size: {-1 if size is None else size}", "  }")
    yield "}"


def _quoted(text: str) -> str:
    r"""The text as a string literal: ASCII only, other characters as the octal bytes of their UTF-8.

    >>> print(_quoted('∂ "a"'))
    "\342\210\202 \"a\""
    """
    return '"' + "".join(map(_byte, text.encode("utf-8", "replace"))) + '"'


def _byte(byte: int) -> str:
    return _ESCAPES.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}")
