"""`graphgrad tour`: a model recorded, differentiated, cut, trained, explained and drawn, in a few seconds.

Each step is a short function; the tour prints its source before it runs it, so what you read is what ran.
"""

from __future__ import annotations

import contextlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

import graphgrad as gg

from .graph.origin import short

LENGTH, VOCABULARY, WIDTH, HEADS = 8, 10, 16, 2
STEPS, BATCH = 150, 128


class Block(nn.Module):
    """A transformer block, as it stands in any PyTorch project."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH))

    def forward(self, x: Any) -> Any:
        batch, length, width = x.shape
        heads = self.qkv(self.norm1(x)).reshape(batch, length, 3, HEADS, width // HEADS)
        q, k, v = heads.permute(2, 0, 3, 1, 4).unbind(0)
        attention = torch.softmax(q @ k.transpose(-2, -1) / (width // HEADS) ** 0.5, dim=-1)
        x = x + self.out((attention @ v).transpose(1, 2).reshape(batch, length, width))
        return x + self.mlp(self.norm2(x))


class Classifier(nn.Module):
    """Digits in, two classes out."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(VOCABULARY, WIDTH)
        self.block = Block()
        self.head = nn.Linear(WIDTH, 2)

    def forward(self, digits: Any) -> Any:
        return self.head(self.block(self.embed(digits)).mean(dim=1))


def record(model: Classifier) -> dict[str, Any]:
    digits = gg.placeholder(gg.int64, [None, LENGTH], name="digits")
    labels = gg.placeholder(gg.int64, [None], name="labels")
    logits = model(digits)
    loss = F.cross_entropy(logits, labels)
    say(f"{len(gg.get_default_graph())} operations; {logits}; {loss}")
    return locals()


def train(session: Any, digits: Any, labels: Any, loss: Any) -> dict[str, Any]:
    step = gg.train.GradientDescentOptimizer(0.2).minimize(loss)
    for n in range(STEPS + 1):
        batch = torch.randint(VOCABULARY, (BATCH, LENGTH))
        feed = {digits: batch, labels: (batch.sum(dim=1) > 36).long()}
        found, _ = session.run([loss, step], feed)
        if n % 50 == 0:
            say(f"step {n:3}   loss {found:.3f}")
    return {"feed": feed}


def cut(session: Any) -> dict[str, Any]:
    a = gg.constant(1.0, name="a")
    b = 2 * a
    total = gg.gradients(a + b, [a, b])
    partial = gg.gradients(a + b, [a, b], stop_gradients=[a, b])
    say("total   ", *session.run(total))
    say("partial ", *session.run(partial))
    return {}


def cut_model(session: Any, loss: Any, feed: Any) -> dict[str, Any]:
    embedded = loss.graph.get_tensor_by_name("classifier/embed/embedding:0")
    attended = loss.graph.get_tensor_by_name("classifier/block/out/linear:0")
    (total,) = gg.gradients(loss, embedded)
    (past,) = gg.gradients(loss, embedded, stop_gradients=attended)
    norms = {"total": total.norm(), "past attention": past.norm(), "through it": (total - past).norm()}
    for name, norm in session.run(norms, feed).items():
        say(f"{name:15} {norm:.5f}")
    return {}


def explain(model: Classifier, logits: Any, labels: Any) -> dict[str, Any]:
    accuracy = (logits.argmax(dim=1) == labels).to(gg.float32).mean()
    say(gg.gradients(accuracy, model.head.weight))
    say(gg.explain(accuracy, model.head.weight))
    return {}


def read(session: Any, model: Classifier, loss: Any, feed: Any) -> dict[str, Any]:
    gradient = gg.gradients(loss, model.head.weight)
    say(shortened(session.source(gradient, feed)))
    return {}


def draw(model: Classifier, loss: Any, folder: Path) -> dict[str, Any]:
    plot = gg.plot(loss, list(model.parameters()))
    say("wrote", plot.save(folder / "gradient.html"))
    say("wrote", plot.save(folder / "gradient.svg"))
    return {}


# What is said before each step.
_STEPS: list[tuple[str, str, Callable[..., dict[str, Any]]]] = [
    (
        "Record",
        "Classifier is an ordinary torch.nn.Module (a transformer block between an embedding and a linear layer). "
        "Called with a symbolic tensor, it records operations; shapes are known at once, numbers are not needed yet.",
        record,
    ),
    (
        "Train",
        "Is the sum of eight digits more than 36? minimize() differentiates the graph and adds the updates. "
        "A run executes just what it fetches, as ordinary PyTorch.",
        train,
    ),
    (
        "Cut: total and partial derivatives",
        "b is 2a, so a + b changes three times as fast as a. Hold b still, and the partial derivative remains. "
        "stop_gradients says what is held still, for one call, without touching the graph.",
        cut,
    ),
    (
        "Cut the model",
        "The same question to the network: how much of the loss's gradient reaches the embedding through the "
        "attention, how much past it, along the residual connection? Three answers from one forward pass.",
        cut_model,
    ),
    (
        "Explain a None",
        "The accuracy has no gradient, and gradients() says so before anything runs. Why, and where?",
        explain,
    ),
    (
        "Read the program",
        "A run is a PyTorch program that you can read. This one computes a single gradient; "
        "its middle, and the `del` of what is no longer needed, are left out here.",
        read,
    ),
    (
        "Draw",
        "Forward operations run down on the left, each one's gradient stands at its height on the right.",
        draw,
    ),
]


def tour(folder: Path) -> None:
    """Run the tour and print it.

    Args:
        folder: an existing folder; `gradient.html` and `gradient.svg` are written there.

    Raises:
        OSError: if they can't be written.
    """
    print(f"graphgrad {gg.__version__}: a tour\n{'=' * 24}")
    with _alone(), gg.Graph().as_default(), gg.Session() as session:
        known: dict[str, Any] = {"model": Classifier(), "session": session, "folder": folder}
        for number, (title, text, step) in enumerate(_STEPS, 1):
            print(f"\n{number}. {title}\n\n{textwrap.fill(text, 88)}\n\n{code(step)}\n")
            known |= step(**{name: known[name] for name in inspect.signature(step).parameters})
    print(f"\nOpen {folder / 'gradient.html'} in a browser: pan, zoom, search, click an operation.")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Known random numbers, and one thread: the tensors are tiny, and threads that wait for one another are slow."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def code(step: Callable[..., Any]) -> str:
    """The body of a step as it is shown, without the line that hands its names on to the next ones."""
    body = "".join(inspect.getsourcelines(step)[0][1:-1])
    return textwrap.indent(textwrap.dedent(body).rstrip(), "  | ")


def say(*things: Any) -> None:
    """Print what a step found, indented; lines of this file go by its name alone."""
    text = " ".join(str(thing) for thing in things)
    for path in (__file__, short(__file__)):
        text = text.replace(path, Path(__file__).name)
    print(textwrap.indent(text, "    "))


def shortened(program: str) -> str:
    """The first and the last lines of a program."""
    body = program[program.index("def program") :].rstrip().splitlines()
    kept = [*body[:6], f"    ...  # {len(body) - 12} lines", *body[-6:]]
    return "\n".join(line.partition("; del ")[0] for line in kept)
