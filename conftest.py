"""What every test has: seeds, a graph of its own, one torch thread where workers share the cores."""

import os
import random
from collections.abc import Iterator

import hypothesis
import numpy as np
import pytest
import torch
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

import graphgrad

SEED = 0

hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
hypothesis.settings.register_profile("thorough", parent=hypothesis.settings.get_profile("dev"), max_examples=2000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

if "PYTEST_XDIST_WORKER" in os.environ:
    torch.set_num_threads(1)

# The code blocks of README.md are tests.
pytest_collect_file = Sybil(parsers=[PythonCodeBlockParser()], patterns=["README.md"]).pytest()


@pytest.fixture(autouse=True)
def own_graph_and_seeds() -> Iterator[None]:
    """A test finds an empty default graph and known seeds, whatever ran before it."""
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    graphgrad.reset_default_graph()
    yield
    graphgrad.reset_default_graph()
