"""Every test of a kernel module has its cases checked in the same four ways."""

import pytest

from tests.ops import cases


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    table = getattr(metafunc.module, "CASES", {})
    if "case" in metafunc.fixturenames:
        wanted = {
            "test_its_gradients": cases.has_slopes,
            "test_with_unknown_sizes": lambda case: case.unknown,
        }.get(metafunc.function.__name__, lambda case: True)
        metafunc.parametrize("case", [pytest.param(c, id=name) for name, c in table.items() if wanted(c)])
