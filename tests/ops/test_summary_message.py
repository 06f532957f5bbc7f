"""Summaries that a script puts together."""

import importlib

import numpy as np
import pytest

import graphgrad as gg


def test_what_is_written_is_what_tensorboard_reads():
    proto = pytest.importorskip("tensorboard.compat.proto.summary_pb2")
    summary = gg.Summary(value=[gg.Summary.Value(tag="loss", simple_value=0.25)])
    summary.value.add(tag="h\u00e9", simple_value=np.float32(-3.0))
    found = proto.Summary.FromString(summary.SerializeToString())
    assert [(each.tag, each.simple_value) for each in found.value] == [("loss", 0.25), ("h\u00e9", -3.0)]


def test_what_a_run_gives_is_read():
    both = gg.summary.merge([gg.summary.scalar("a", 1.5), gg.summary.histogram("h", [1.0, 2.0])])
    with gg.Session() as sess:
        data = sess.run(both)
    summary = gg.Summary()
    assert summary.ParseFromString(data) == len(data)
    assert [each.tag for each in summary.value] == ["a", "h"]
    assert summary.value[0].simple_value == 1.5 and summary.value[1].simple_value is None
    assert summary.SerializeToString() == bytes(data)  # the histogram, too


def test_bytes_that_are_no_summary():
    with pytest.raises(ValueError):
        gg.Summary.FromString(b"\x0a\x50no")


def test_the_writer_takes_it(tmp_path):
    pytest.importorskip("tensorboard")
    with gg.summary.FileWriter(tmp_path) as writer:
        writer.add_summary(gg.Summary(value=[gg.Summary.Value(tag="loss", simple_value=0.25)]), 7)
    loader = importlib.import_module("tensorboard.backend.event_processing.event_file_loader")
    (file,) = tmp_path.iterdir()
    events = [each for each in loader.LegacyEventFileLoader(str(file)).Load() if each.HasField("summary")]
    assert [(each.step, each.summary.value[0].simple_value) for each in events] == [(7, 0.25)]
