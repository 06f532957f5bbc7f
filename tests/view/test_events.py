"""Event files: read by TensorBoard itself, whose graph page gets our nodes, scopes, times and bytes."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphgrad as gg
from tests.view.hostile import NAMES, hostile

needs_tensorboard = pytest.mark.skipif(
    importlib.util.find_spec("tensorboard") is None, reason="needs the package tensorboard, which reads the file"
)

PARTS = (
    "werkzeug.test",
    "tensorboard.backend.application",
    "tensorboard.program",
    "tensorboard.plugins.core.core_plugin",
    "tensorboard.plugins.graph.graphs_plugin",
    "tensorboard.backend.event_processing.data_ingester",
)

FULL = gg.RunOptions(trace_level=gg.RunOptions.FULL_TRACE)


@pytest.fixture
def traced() -> tuple[Any, gg.RunMetadata]:
    """A loss with scopes, and the trace of a run of it and its gradient."""
    x = gg.placeholder(gg.float32, [4, 3], name="x")
    with gg.name_scope("layer"):
        w = gg.Variable(np.ones((3, 2), np.float32), name="w")
        h = gg.tanh(x @ w, name="h")
    loss = gg.reduce_sum(h, name="loss")
    (g,) = gg.gradients(loss, w)
    metadata = gg.RunMetadata()
    initializer = gg.global_variables_initializer()
    with gg.Session() as session:
        session.run(initializer)
        session.run([loss, g], {x: np.ones((4, 3))}, options=FULL, run_metadata=metadata)
    return gg.gradient_graph(loss, w), metadata


def page(folder: Path) -> Callable[[str], bytes]:
    """What the graph page of a TensorBoard on this folder answers to a request, such as 'graph?run=.'."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of what TensorBoard itself imports
        test, application, program, core, plugin, ingester = map(importlib.import_module, PARTS)
    board = program.TensorBoard(plugins=[core.CorePluginLoader, plugin.GraphsPlugin])
    board.configure(argv=["tensorboard", f"--logdir={folder}", "--load_fast=false", "--reload_interval=0"])
    loaded = ingester.LocalDataIngester(board.flags)
    loaded.start()
    app = application.TensorBoardWSGIApp(
        board.flags, board.plugin_loaders, loaded.data_provider, board.assets_zip_provider
    )
    client = test.Client(app)

    def ask(request: str) -> bytes:
        answer = client.get(f"/data/plugin/graphs/{request}")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        data: bytes = answer.get_data()
        return data

    return ask


def parsed(text: bytes, message: str) -> Any:
    module, _, name = message.rpartition(".")
    kind = getattr(importlib.import_module(f"tensorboard.compat.proto.{module}"), name)
    return importlib.import_module("google.protobuf.text_format").Parse(text.decode(), kind())


@needs_tensorboard
def test_the_graph_page_has_our_nodes_and_scopes(traced: Any, tmp_path: Path) -> None:
    with gg.summary.FileWriter(tmp_path, gg.get_default_graph()):
        pass
    ask = page(tmp_path)
    assert json.loads(ask("info"))["."]["run_graph"] is True
    nodes = parsed(ask("graph?run=."), "graph_pb2.GraphDef").node
    found = {node.name: (node.op, list(node.input)) for node in nodes}
    assert found["layer/h"] == ("Tanh", ["layer/matmul"]) and found["layer/matmul"][1] == ["x", "layer/w"]
    assert set(found) == {op.name for op in gg.get_default_graph().get_operations()}


@needs_tensorboard
def test_the_graph_page_has_times_and_bytes_of_its_nodes(traced: Any, tmp_path: Path) -> None:
    graph, metadata = traced
    with gg.summary.FileWriter(tmp_path, graph) as writer:
        writer.add_run_metadata(metadata, "step 1", global_step=7)
    ask = page(tmp_path)
    assert list(json.loads(ask("info"))["."]["tags"]) == ["step 1"]
    names = {node.name for node in parsed(ask("graph?run=."), "graph_pb2.GraphDef").node}
    (device,) = parsed(ask("run_metadata?run=.&tag=step%201"), "config_pb2.RunMetadata").step_stats.dev_stats
    stats = {node.node_name: node for node in device.node_stats}
    assert {"layer/h", "gradients/layer/h_grad", "gradients/layer/matmul_grad", "loss"} <= names & set(stats)
    assert [memory.total_bytes for memory in stats["layer/h"].memory] == [4 * 2 * 4]
    assert stats["layer/h"].op_end_rel_micros > 0 and stats["layer/h"].timeline_label.startswith("layer/h = Tanh(")


@needs_tensorboard
def test_the_last_graph_counts(traced: Any, tmp_path: Path) -> None:
    writer = gg.summary.FileWriter(str(tmp_path / "runs" / "a"))
    writer.add_graph(gg.get_default_graph())
    writer.flush()
    writer.add_graph(traced[0])
    writer.close()
    writer.close()
    names = {node.name for node in parsed(page(tmp_path)("graph?run=runs/a"), "graph_pb2.GraphDef").node}
    assert "gradients/layer/h_grad" in names


@needs_tensorboard
def test_hostile_names_get_there(tmp_path: Path) -> None:
    with gg.summary.FileWriter(tmp_path, hostile()):
        pass
    nodes = parsed(page(tmp_path)("graph?run=."), "graph_pb2.GraphDef").node
    assert len(nodes) == len(NAMES) == len({node.name for node in nodes})


@needs_tensorboard
def test_what_can_not_be_written(traced: Any, tmp_path: Path) -> None:
    metadata = traced[1]
    with gg.summary.FileWriter(tmp_path) as writer:
        with pytest.raises(TypeError, match="graph is a gg.Graph or what gg.gradient_graph returns"):
            writer.add_graph(metadata)
        with pytest.raises(ValueError, match="run_metadata is empty: run with options"):
            writer.add_run_metadata(gg.RunMetadata(), "empty")
        with pytest.raises(TypeError, match="run_metadata is a gg.RunMetadata"):
            writer.add_run_metadata({}, "dict")
        with pytest.raises(TypeError, match="tag is a text"):
            writer.add_run_metadata(metadata, 1)
        writer.add_run_metadata(metadata, "one")
        with pytest.raises(ValueError, match="the tag 'one' is taken"):
            writer.add_run_metadata(metadata, "one")
    for late in (writer.flush, lambda: writer.add_graph(traced[0]), writer.__enter__):
        with pytest.raises(RuntimeError, match="closed"):
            late()


def test_a_wrong_graph_makes_no_folder(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs the package tensorboard")
    with pytest.raises(TypeError, match="graph is"):
        gg.summary.FileWriter(tmp_path / "new", "graph")  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*sys.modules, "tensorboard"]:
        if name.partition(".")[0] == "tensorboard":
            monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"this needs tensorboard: pip install 'graphgrad\[tensorboard\]'"):
        gg.summary.FileWriter(tmp_path)
