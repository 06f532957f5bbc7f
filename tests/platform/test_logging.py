"""Logging by levels."""

import logging as python_logging

import pytest

import graphgrad as gg


@pytest.fixture(autouse=True)
def verbosity():
    before = gg.logging.get_verbosity()
    yield
    gg.logging.set_verbosity(before)


@pytest.fixture
def said(monkeypatch):
    """What was logged, as (level, text)."""
    heard = []

    class Ear(python_logging.Handler):
        def emit(self, record):
            heard.append((record.levelname, record.getMessage()))

    logger = python_logging.getLogger("graphgrad")
    monkeypatch.setattr(logger, "handlers", [Ear()])
    monkeypatch.setattr(logger, "propagate", False)
    return lambda: heard


def test_levels_are_pythons():
    levels = [gg.logging.DEBUG, gg.logging.INFO, gg.logging.WARN, gg.logging.ERROR, gg.logging.FATAL]
    assert levels == [10, 20, 30, 40, 50]
    gg.logging.set_verbosity("INFO")
    assert gg.logging.get_verbosity() == gg.logging.INFO


def test_what_is_below_the_verbosity_is_not_written(said):
    gg.logging.set_verbosity(gg.logging.INFO)
    gg.logging.debug("no")
    gg.logging.info("step %d", 3)
    gg.logging.warn("w")
    gg.logging.warning("w")
    gg.logging.error("e")
    gg.logging.fatal("f")
    gg.logging.log(gg.logging.ERROR, "l")
    gg.logging.vlog(gg.logging.DEBUG, "no")
    gg.logging.flush()
    assert said() == [
        ("INFO", "step 3"), ("WARNING", "w"), ("WARNING", "w"), ("ERROR", "e"), ("CRITICAL", "f"), ("ERROR", "l"),
    ]  # fmt: skip


def test_now_and_then(said):
    for number in range(5):
        gg.logging.log_every_n(gg.logging.ERROR, "every %d", 2, number)
        gg.logging.log_first_n(gg.logging.ERROR, "first %d", 2, number)
        gg.logging.log_if(gg.logging.ERROR, "if %d", number == 4, number)
    assert [text for _, text in said()] == ["every 0", "first 0", "first 1", "every 2", "every 4", "if 4"]


def test_the_librarys_own_handler_writes_to_stderr(capsys, monkeypatch):
    logger = python_logging.getLogger("graphgrad")
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "propagate", False)
    gg.logging.error("hello %s", "there")
    assert capsys.readouterr().err == "ERROR:graphgrad:hello there\n"
