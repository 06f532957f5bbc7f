"""Each example runs as a script and keeps its claims; what an example measures itself by is right by itself."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import scipy.integrate  # of the extra `test`: without it these tests fail, and are not skipped
import torch

import graphgrad
from tests.house.source import ROOT

FOLDER = ROOT / "examples"
EXAMPLES = sorted(path for path in FOLDER.glob("*.py") if path.name != "claims.py")


@pytest.fixture
def example(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An example as a module, by its name."""
    monkeypatch.syspath_prepend(str(FOLDER))
    spec = importlib.util.spec_from_file_location(f"examples_{request.param}", FOLDER / f"{request.param}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # where a dataclass looks its module up
    spec.loader.exec_module(module)
    return module


def of(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("example", [name], indirect=True)


def run(path: Path, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    package = Path(graphgrad.__file__).parents[1]
    # numpy's threads, too, would wait for each other where the tests share the cores.
    environment = {**os.environ, "PYTHONPATH": str(package), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", str(path), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_keeps_its_claims(path: Path, tmp_path: Path) -> None:
    done = run(path, tmp_path, "--quick")
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    last = done.stdout.splitlines()[-1]
    assert last.startswith("ok ") and "claimed: " in last
    assert list(tmp_path.iterdir()) == []


def test_every_example_is_listed() -> None:
    listed = (FOLDER / "README.md").read_text("utf-8")
    assert len(EXAMPLES) == 5
    assert [path.name for path in EXAMPLES if f"python examples/{path.name}" not in listed] == []


@of("claims")
@pytest.mark.parametrize(
    ("value", "code"), [(1.0, 0), (2.0, 0), (0.99, 1), (2.01, 1), (float("nan"), 1), (float("inf"), 1)]
)
def test_a_claim_that_does_not_hold_fails(
    example: ModuleType, value: float, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    holds = example.Claim("one", 1.5, most=2.0)
    assert example.report([holds, example.Claim("number", value, least=1.0, most=2.0)]) == code
    assert ("FAILED number" in capsys.readouterr().out) == bool(code)
    assert example.report([]) == 1


@of("burgers_pinn")
def test_the_solution_of_burgers_equation(example: ModuleType) -> None:
    """At five points, beside adaptive quadrature of both integrals."""
    nu = 0.01 / np.pi

    def heat(eta: float, x: float, t: float) -> float:
        return np.exp(-(1 + np.cos(np.pi * (x - eta))) / (2 * np.pi * nu) - eta**2 / (4 * nu * t))

    def quadrature(x: float, t: float) -> float:
        reach, places = 1.0 + 12 * np.sqrt(2 * nu * t), np.linspace(-1, 1, 41)
        options = {"limit": 400, "points": [p for p in places if abs(p) < reach], "epsabs": 0.0, "epsrel": 1e-11}
        top = scipy.integrate.quad(
            lambda eta: np.sin(np.pi * (x - eta)) * heat(eta, x, t), -reach, reach, **{**options, "epsabs": 1e-14}
        )
        return -top[0] / scipy.integrate.quad(lambda eta: heat(eta, x, t), -reach, reach, **options)[0]

    x, t = np.array([-0.7, -0.05, 0.01, 0.3, 0.9]), np.array([0.1, 0.5, 0.75, 0.3, 1.0])
    wanted = [quadrature(*pair) for pair in zip(x, t, strict=True)]
    np.testing.assert_allclose(example.exact(t, x, nu), wanted, rtol=1e-8)


@of("burgers_pinn")
def test_the_residual_beside_finite_differences(example: ModuleType) -> None:
    model, step = example.PhysicsInformedNN(viscosity=0.05), 1e-4
    point = np.array([[0.4, 0.3]])
    with graphgrad.Session() as sess:
        sess.run(graphgrad.global_variables_initializer())

        def u(t: float, x: float) -> float:
            return sess.run(model.u, model.at(point + [[t, x]])).item()

        u_t, u_x = (u(step, 0) - u(-step, 0)) / (2 * step), (u(0, step) - u(0, -step)) / (2 * step)
        u_xx = (u(0, step) - 2 * u(0, 0) + u(0, -step)) / step**2
        wanted = u_t + u(0, 0) * u_x - 0.05 * u_xx
        np.testing.assert_allclose(sess.run(model.f, model.at(point)).item(), wanted, rtol=1e-5)


@of("wgan_gp")
def test_the_distance_of_moved_samples(example: ModuleType) -> None:
    """A sample moved by d is |d . way| apart in each direction, 2 |d| / pi on average."""
    sample = example.real(np.random.default_rng(0), 500)
    np.testing.assert_allclose(example.distance(sample + [3.0, 4.0], sample, 400), 10 / np.pi, rtol=1e-4)
    assert example.modes_found(sample) == 8 and example.modes_found(sample * 0) == 0


@of("influence_functions")
def test_the_hessian_of_logistic_regression(example: ModuleType) -> None:
    rng = np.random.default_rng(0)
    rows, labels = example.data(rng, 20, 3)
    x, y, w = torch.from_numpy(rows), torch.from_numpy(labels), torch.tensor([0.3, -1.0, 0.5], dtype=torch.float64)

    def loss(weight: torch.Tensor) -> torch.Tensor:
        fit = torch.nn.functional.binary_cross_entropy_with_logits(x @ weight, y)
        return fit + 0.5 * example.DECAY * (weight**2).sum()

    wanted = torch.autograd.functional.hessian(loss, w)
    np.testing.assert_allclose(example.hessian(rows, w.numpy()), wanted.numpy(), rtol=1e-12)


@of("rnn_while_loop")
def test_the_response_is_what_the_system_answers_to_an_impulse(example: ModuleType) -> None:
    impulse = np.zeros((20, 2, 2))
    impulse[0] = np.eye(2)  # the batch is over the inputs
    answered = example.simulate(impulse)
    np.testing.assert_allclose(example.response(example.A, example.B, example.C), answered.transpose(0, 2, 1))
