"""tests/ mirrors graphgrad/ one to one: who looks for the test of a module finds it."""

from pathlib import PurePosixPath

from tests.house.source import PACKAGE, ROOT, modules

SMALL = 30  # lines; a module up to this size is tested where it is used

# graphgrad/ module -> why it has no test module of its own
UNMIRRORED: dict[str, str] = {
    "__main__.py": "one call of the command line, tested in tests/test_cli.py",
}

# tests/ module -> why it mirrors no module of graphgrad/
OWN: dict[str, str] = {
    "autodiff/test_property.py": "random programs against the independent gradients() of tests/reference.py",
    "benchmarks/test_peers.py": "the comparison of benchmarks/peers with other frameworks",
    "conformance/test_operators.py": "every operator of torch's own database",
    "record/test_dtypes.py": "dtypes, devices, autocast, stops, torch's own ways to differentiate, beside eager torch",
    "models/test_attention.py": "nn.MultiheadAttention and nn.Transformer beside eager torch",
    "models/test_batch_norm.py": "batch norm in training beside eager torch",
    "models/test_gpt.py": "a small GPT beside eager torch",
    "models/test_layers.py": "the layers and containers of torch.nn beside eager torch",
    "models/test_losses.py": "the losses of torch.nn beside eager torch",
    "models/test_recurrent.py": "recurrent layers beside eager torch",
    "models/test_resnet.py": "a small ResNet beside eager torch",
    "models/test_transformers.py": "models of the transformers package beside eager torch",
    "test_examples.py": "runs examples/",
    "parity/test_compare.py": "the comparison that the next one makes",
    "parity/test_parity.py": "the same graph code under TensorFlow and under graphgrad",
    "test_porting.py": "the tables and the code of docs/porting.md",
    "test_tutorials.py": "runs tutorials/",
    "view/test_page_in_chromium.py": "the page in a real browser",
}


def mirror(module: str) -> str:
    """The test module of a module: `view/test_text.py` of `view/text.py`."""
    path = PurePosixPath(module)
    return path.with_name(f"test_{path.name}").as_posix()


def package_modules() -> dict[str, int]:
    """Path below graphgrad/ -> lines, of each module that may hold logic: `__init__.py` has names only."""
    return {
        module.path.relative_to(PACKAGE).as_posix(): len(module.path.read_text("utf-8").splitlines())
        for module in modules()
        if not module.is_package
    }


def present_tests() -> set[str]:
    """Path below tests/ of each test module, the house rules left out."""
    tests = ROOT / "tests"
    paths = (path.relative_to(tests) for path in tests.rglob("test_*.py"))
    return {path.as_posix() for path in paths if path.parts[0] != "house"}


def test_every_module_has_its_test_module() -> None:
    present = present_tests()
    missing = [
        f"graphgrad/{module} has no tests/{mirror(module)}"
        for module, lines in package_modules().items()
        if lines > SMALL and module not in UNMIRRORED and mirror(module) not in present
    ]
    assert missing == []


def test_every_test_module_has_its_module() -> None:
    mirrored = {mirror(module) for module in package_modules()}
    assert sorted(present_tests() - mirrored - OWN.keys()) == []


def test_the_exceptions_still_exist() -> None:
    assert sorted(UNMIRRORED.keys() - package_modules().keys()) == []
    assert sorted(OWN.keys() - present_tests()) == []


def test_mirror() -> None:
    assert mirror("plan.py") == "test_plan.py"
    assert mirror("view/text.py") == "view/test_text.py"
