"""The GraphDef text: read back by a parser of its own, and by protobuf's where there is one."""

import re
from typing import Any

import pytest
import torch

import graphgrad as gg
from graphgrad.view.collapse import collapsed
from graphgrad.view.forward import forward_graph, ranked
from graphgrad.view.gradient_graph import Graph, gradient_graph
from graphgrad.view.graphdef import graphdef
from graphgrad.view.planned import plan_graph
from graphgrad.view.plot import plot
from tests.view.hostile import NAMES, hostile
from tests.view.pictures import chain, deep, higher, layered, marked, perceptron, programme, spoiled, trained

LEGAL = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.>/-]*\Z")
FIELD = re.compile(r'( *)(\w+): ("(?:[^"\\\n]|\\[\\"nrt]|\\[0-3][0-7]{2})*"|-?\d+|true|DT_\w+)')
Message = dict[str, list[Any]]


def read(text: str) -> Message:
    """Messages as dicts of lists; one field a line, as TensorBoard's page wants it."""
    assert text.isascii() and text.endswith("}\n")
    stack: list[Message] = [{}]
    for each in text.splitlines():
        inner = "  " * (len(stack) - 1)
        if each == inner[2:] + "}" and len(stack) > 1:
            stack.pop()
        elif opened := re.fullmatch(rf"{inner}(\w+) {{", each):
            stack.append({})
            stack[-2].setdefault(opened[1], []).append(stack[-1])
        else:
            found = FIELD.fullmatch(each)
            assert found and found[1] == inner, each
            stack[-1].setdefault(found[2], []).append(value(found[3]))
    assert len(stack) == 1
    return stack[0]


def value(text: str) -> Any:
    if text[0] != '"':
        return int(text) if text.lstrip("-").isdigit() else text
    plain = {"\\n": "\n", "\\r": "\r", "\\t": "\t", '\\"': '"', "\\\\": "\\"}
    turned = re.sub(r"\\(?:\d{3}|.)", lambda m: plain.get(m[0]) or chr(int(m[0][1:], 8)), text[1:-1])
    return turned.encode("latin-1").decode("utf-8")


def nodes(text: str) -> dict[str, dict[str, Any]]:
    """Each node by its name; its attributes as `key: value`, shapes as lists with None for the unknown."""
    found: dict[str, dict[str, Any]] = {}
    for node in read(text)["node"]:
        (name,) = node["name"]
        assert name not in found and LEGAL.match(name) and len(node["op"]) == 1
        attributes = {attr["key"][0]: attr["value"][0] for attr in node.get("attr", [])}
        assert list(attributes) == sorted(attributes) and len(attributes) == len(node.get("attr", []))
        found[name] = {
            "op": node["op"][0],
            "input": node.get("input", []),
            "device": node.get("device", [""])[0],
            "shapes": [shape(item) for item in listed(attributes, "_output_shapes", "shape")],
            "dtype": attributes.get("dtype", {"type": [None]})["type"][0],
            "roles": listed(attributes, "_roles", "s"),
        }  # fmt: skip
    for node in found.values():
        for source in node["input"]:
            name, _, port = source.removeprefix("^").partition(":")
            assert name in found and port != "0"
            assert not port or int(port) < len(found[name]["shapes"])
    return found


def listed(attributes: dict[str, Any], key: str, kind: str) -> list[Any]:
    return attributes[key]["list"][0].get(kind, []) if key in attributes else []


def shape(message: Message) -> list[int | None] | str:
    if message.get("unknown_rank") == ["true"]:
        return "unknown"
    return [None if dim["size"] == [-1] else dim["size"][0] for dim in message.get("dim", [])]


def recorded(make: Any) -> gg.Graph:
    make()
    return gg.get_default_graph()


def test_operations_are_nodes() -> None:
    graph = recorded(lambda: [marked(), perceptron(), programme(3, 25)])
    found = nodes(graphdef(graph))
    assert list(found) == [op.name for op in graph.get_operations()]
    for op in graph.get_operations():
        node = found[op.name]
        assert node["op"] == op.type
        assert node["input"] == [v.op.name if v.index == 0 else v.name for v in op.reads]
        assert node["shapes"] == [list(v.spec.shape) for v in op.values if v.spec.shape is not None]
    assert any(":" in source for node in found.values() for source in node["input"])


def test_control_inputs_devices_dtypes_and_unknown_shapes() -> None:
    x = gg.placeholder(gg.float64, None, name="x")
    with gg.device("cuda:1"), gg.control_dependencies([x]):
        gg.add(x, x, name="y")
    gg.constant([True], name="flags")
    gg.constant(torch.zeros(2, 0, dtype=torch.bfloat16), name="none")
    gg.no_op(name="nothing")
    found = nodes(graphdef(gg.get_default_graph()))
    assert found["y"]["input"] == ["x", "x", "^x"] and found["y"]["device"] == "/device:GPU:1"
    assert found["x"]["shapes"] == ["unknown"] and found["x"]["dtype"] == "DT_DOUBLE" and found["x"]["device"] == ""
    assert found["flags"]["dtype"] == "DT_BOOL" and found["flags"]["shapes"] == [[1]]
    assert found["none"]["dtype"] == "DT_BFLOAT16" and found["none"]["shapes"] == [[2, 0]]
    assert found["nothing"]["shapes"] == [] and found["nothing"]["dtype"] is None


def test_it_names_its_version() -> None:
    assert read(graphdef(gg.Graph())) == {"versions": [{"producer": [22]}]}


GRADIENTS: list[Any] = [
    lambda: marked().graph,
    lambda: perceptron().graph,
    lambda: deep(3).graph,
    lambda: chain(20).graph,
    lambda: higher(3).graph,
    lambda: collapsed(deep(20).graph),
    lambda: spoiled(marked().graph),
    lambda: programme(10, 20).graph,
    hostile,
]


@pytest.mark.parametrize("make", GRADIENTS)
def test_a_gradient_graph_has_a_box_for_the_gradient(make: Any) -> None:
    graph: Graph = make()
    found = nodes(graphdef(graph))
    assert len(found) == len(graph)
    names = dict(zip(graph, found, strict=True))
    for key, node in graph.nodes(data=True):
        assert names[key].startswith("gradients/") == (node["kind"] != "forward")
        sources = [source.partition(":")[0] for source in found[names[key]]["input"]]
        assert sorted(sources) == sorted(names[source] for source, _ in graph.in_edges(key))
        assert len(found[names[key]]["shapes"]) == len(node.get("outputs", ()))


def test_legal_names_stay_as_they_are() -> None:
    found = nodes(graphdef(perceptron().graph))
    assert {"sequential/0/linear", "gradients/sequential/0/linear_grad", "gradients/sequential/0/bias_gradient"} <= set(
        found
    )
    assert found["gradients/sequential/0/linear_grad"]["op"] == "LinearGrad"
    assert found["gradients/sequential/0/bias_gradient"]["op"] == "Gradient"
    assert found["images"]["shapes"] == [[None, 4]] and found["images"]["dtype"] == "DT_FLOAT"
    assert found["sequential/0/bias"]["roles"] == ["x"]


def test_what_an_edge_brings_has_the_shape_that_the_edge_says() -> None:
    x, w = gg.placeholder(gg.float32, [2, 3], name="x"), gg.placeholder(gg.float32, [3], name="w")
    left, right = torch.split(x * w, [1, 1])
    graph = gradient_graph((left * right).sum(), [x, w])
    found = nodes(graphdef(graph))
    names = dict(zip(graph, found, strict=True))
    for key in graph:
        brought = sorted(spec for _, _, spec in graph.in_edges(key, data="spec"))
        ports = [source.partition(":")[::2] for source in found[names[key]]["input"]]
        shapes = [found[name]["shapes"][int(port or 0)] for name, port in ports]
        assert sorted(f"float32{sizes}" for sizes in shapes) == brought
    (product,) = [key for key in graph if key == "d(mul)"]
    assert graph.nodes[product]["outputs"] == ("float32[2, 3]", "float32[3]")


def test_hostile_names_become_legal_and_stay_apart() -> None:
    graph = hostile()
    found = nodes(graphdef(graph))
    assert len(found) == len(NAMES)
    roles = [role for node in found.values() for role in node["roles"]]
    assert all(name.encode("utf-8", "replace").decode() in roles for name in NAMES)


def test_it_is_the_same_text_each_time() -> None:
    texts = set()
    for _ in range(2):
        with gg.Graph().as_default() as graph:
            texts.add(graphdef(marked().graph) + graphdef(graph))
    assert len(texts) == 1


@pytest.mark.parametrize("make", GRADIENTS)
def test_protobuf_reads_the_same(make: Any) -> None:
    reason = "needs the package tensorboard: without it, only the parser of this file has read the GraphDef"
    proto = pytest.importorskip("tensorboard.compat.proto.graph_pb2", reason=reason)
    text_format = pytest.importorskip("google.protobuf.text_format", reason=reason)
    ready = pytest.importorskip("tensorboard.backend.process_graph", reason=reason)
    for graph in (make(), gg.get_default_graph()):
        text = graphdef(graph)
        parsed = text_format.Parse(text, proto.GraphDef())
        ours = nodes(text)
        assert [node.name for node in parsed.node] == list(ours) and parsed.versions.producer == 22
        for node in parsed.node:
            assert node.op == ours[node.name]["op"] and list(node.input) == ours[node.name]["input"]
            shapes = [
                "unknown" if item.unknown_rank else [None if dim.size < 0 else dim.size for dim in item.dim]
                for item in node.attr["_output_shapes"].list.shape
            ]
            assert shapes == ours[node.name]["shapes"]
            assert [role.decode() for role in node.attr["_roles"].list.s] == ours[node.name]["roles"]
        ready.prepare_graph_for_ui(parsed)


def test_a_small_graph() -> None:
    assert graphdef(layered()) == GOLDEN


GOLDEN = """\
node {
  name: "x"
  op: "Placeholder"
  attr {
    key: "_output_shapes"
    value {
      list {
        shape {
          dim {
            size: -1
          }
          dim {
            size: 3
          }
        }
      }
    }
  }
  attr {
    key: "_roles"
    value {
      list {
        s: "x"
      }
    }
  }
  attr {
    key: "dtype"
    value {
      type: DT_FLOAT
    }
  }
}
node {
  name: "layer/y"
  op: "Sin"
  input: "x"
  attr {
    key: "_output_shapes"
    value {
      list {
        shape {
          dim {
            size: -1
          }
          dim {
            size: 3
          }
        }
      }
    }
  }
  attr {
    key: "_roles"
    value {
      list {
        s: "y"
      }
    }
  }
  attr {
    key: "dtype"
    value {
      type: DT_FLOAT
    }
  }
}
node {
  name: "gradients/layer/y_grad"
  op: "SinGrad"
  input: "x"
  input: "layer/y"
  attr {
    key: "_output_shapes"
    value {
      list {
        shape {
          dim {
            size: -1
          }
          dim {
            size: 3
          }
        }
      }
    }
  }
  attr {
    key: "dtype"
    value {
      type: DT_FLOAT
    }
  }
}
node {
  name: "gradients/x_gradient"
  op: "Gradient"
  input: "gradients/layer/y_grad"
  attr {
    key: "_output_shapes"
    value {
      list {
        shape {
          dim {
            size: -1
          }
          dim {
            size: 3
          }
        }
      }
    }
  }
  attr {
    key: "dtype"
    value {
      type: DT_FLOAT
    }
  }
}
versions {
  producer: 22
}
"""


def test_what_was_measured_and_plans_and_control_inputs() -> None:
    x = gg.constant(2.0, name="x")
    y = gg.sin(x, name="y")
    text = graphdef(plot(y, x, values={x: 3.0, "d(y)": float("nan")}).graph)
    assert [node["name"][0] for node in read(text)["node"] if "_reading" in str(node)] == ["x", "gradients/y_grad"]
    assert '"NaN"' in text
    with gg.control_dependencies([x]):
        gg.add(y, y, name="after")
    found = nodes(graphdef(ranked(forward_graph(gg.get_default_graph()))))
    assert found["after"]["input"] == ["y", "y", "^x"]
    found = nodes(graphdef(plan_graph(trained())))
    assert found["mean"]["op"] == "Mean" and found["sequential/0/linear"]["op"] == "Linear"
