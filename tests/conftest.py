"""What tests share: the graph is sound after every test, a short way to run one, a loud word on what is not run."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import graphgrad as gg
from graphgrad.graph.lint import lint


@pytest.fixture(autouse=True)
def sound_graph(own_graph_and_seeds: None) -> Iterator[None]:
    """Whatever a test recorded, its graph obeys the rules that every graph obeys."""
    yield
    assert lint(gg.get_default_graph()) == []


@pytest.fixture
def run() -> Callable[..., Any]:
    """Fetches and feeds of the default graph, in a session of their own with initialised variables."""

    def fetch(fetches: Any, feed_dict: dict[Any, Any] | None = None) -> Any:
        initializer = gg.global_variables_initializer() if gg.global_variables() else None
        with gg.Session() as session:
            if initializer is not None:
                session.run(initializer)
            return session.run(fetches, feed_dict)

    return fetch


# What is missing, in the reason of a skip -> what was not tested.
_LOUD = {"no Chromium": "tests of the page", "no TensorFlow": "tests beside TensorFlow"}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end that the page was not tested in a browser, or nothing beside TensorFlow, if so."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if isinstance(report.longrepr, tuple)]
    for missing, what in _LOUD.items():
        reasons = [report.longrepr[2] for report in skipped if missing in report.longrepr[2]]
        if reasons:
            terminalreporter.section("NOT TESTED", sep="!", red=True, bold=True)
            terminalreporter.line(f"{len(reasons)} {what}: {reasons[0]}", red=True)
