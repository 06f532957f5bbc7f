"""`NaN`: the first operation, forward or backward, that makes a NaN or an Inf."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ...graph.operation import Operation, Role, Value
from ...ground.errors import InvalidArgumentError
from ...ground.reading import Reading
from .advice import backward_advice, forward_advice
from .measure import Measure, is_finite, measure
from .place import Place
from .table import html_table, printable
from .watcher import Gradients, Key, Recorder, Watch

_MEANT = "gg.watch.NaN(inf=False) lets Inf pass, if that is meant"


@dataclass(frozen=True, slots=True)
class Finding:
    """Where the first NaN or Inf of a run came from.

    Attributes:
        op: the operation.
        call: the gradient operation in whose sweep its derivative made it; None if the operation itself did.
        what: a sentence.
        figures: what there is to know about what went in and came out: (what it is, its figures).
        hint: what to try; may be empty.
    """

    op: Operation
    call: Operation | None
    what: str
    figures: tuple[tuple[str, Measure], ...]
    hint: str

    def __str__(self) -> str:
        lines = [self.what]
        if self.call is not None:
            lines.append(f"  asked by {self.call.name}, {self.call.where()}")
        return "\n".join([*lines, *(f"  {name:<8} {found}" for name, found in self.figures)])

    @property
    def kind(self) -> str:
        """'nan' or 'inf'."""
        return "nan" if any(found.nan for _, found in self.figures) else "inf"


class NonFiniteError(InvalidArgumentError):
    """A run that `gg.watch.NaN` looked at made a NaN or an Inf.

    Attributes:
        op: the operation that made it, forward or in its derivative.
        finding: all that is known, as a `Finding`.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [2], name="x")
    >>> with gg.Session() as sess:
    ...     try:
    ...         sess.run(gg.log(x), {x: [1.0, 0.0]}, watch=gg.watch.NaN())
    ...     except gg.errors.InvalidArgumentError as error:
    ...         print(error.op.name, error.finding.kind)
    log inf
    """

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(str(finding), finding.op, finding.hint)


class NaN(Watch):
    """Ends a run with an error that names the first operation, forward or backward, that made a NaN or an Inf.

    Pass it to `Session.run` as `watch`. A NaN that was fed, or that a variable or a constant holds, is said to come
    from there. An Inf that the caller wrote, as a constant or as an argument (`masked_fill(mask, -inf)`), is no
    finding, nor is one that comes of it. The variables are as they were before the run.

    Args:
        inf: whether to look for Inf, too, and not for NaN alone.

    Attributes:
        finding: where it came from in the last run; None if there was none.

    Raises:
        NonFiniteError: from `Session.run`; a `gg.errors.InvalidArgumentError`.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [2], name="x")
    >>> y = gg.where(x > 0, gg.sqrt(x), gg.zeros_like(x))
    >>> with gg.Session() as sess:
    ...     try:
    ...         sess.run(gg.gradients(y, x), {x: [0.0, 4.0]}, watch=gg.watch.NaN())
    ...     except gg.errors.InvalidArgumentError as error:
    ...         print(error)
    the derivative of sqrt made the first NaN of this run
      asked by gradients/vjp, ...
      came in  float32[2], 0 to 1
      reads    sqrt:0: float32[2], 0 to 2
      gave     float32[2], 0.25, 1 NaN
      at       sqrt: float32[2] = sqrt(x)
      recorded ...
      try      a zero gradient met an infinite slope, as when where() drops the result: ...
    """

    def __init__(self, inf: bool = True) -> None:
        if not isinstance(inf, bool):
            raise TypeError(f"inf is True or False, got {inf!r}")
        self.inf = inf
        self.runs = 0
        self.finding: Finding | None = None

    def recorder(self) -> Recorder:
        self.runs += 1
        self.finding = None
        return _Search(self)

    def readings(self) -> dict[Key, Reading]:
        """The operation that made it, if there was one; empty otherwise."""
        if self.finding is None:
            return {}
        found = self.finding
        text = {"nan": "NaN", "inf": "Inf"}[found.kind]
        return {(found.op, found.call): Reading(text, 1.0, found.kind, printable(found.what))}

    def __str__(self) -> str:
        what = "NaN or Inf" if self.inf else "NaN"
        if self.finding is not None:
            return str(NonFiniteError(self.finding))
        if not self.runs:
            return f"looks for {what}: pass it to session.run as watch"
        return f"runs watched: {self.runs:,}, no {what} in the last"

    def _repr_html_(self) -> str:
        return html_table("watch for NaN", ["found"], [[line] for line in str(self).splitlines()])


class _Search(Recorder):
    """Looks at every value as it is made; knows of what it let pass."""

    adjoints = True

    def __init__(self, watch: NaN) -> None:
        self._watch = watch
        self._spared = False  # whether there is an Inf or a NaN about that is not to be reported
        self._places: dict[Value, int] = {}

    def fed(self, place: Place, tensor: torch.Tensor) -> None:
        self.leave(place, [tensor], [])

    def leave(self, place: Place, values: Sequence[Any], reads: Sequence[Any]) -> None:
        for value, tensor in zip(place.values, values, strict=True):
            if isinstance(tensor, torch.Tensor):
                if tensor.requires_grad and tensor.layout is torch.strided:
                    self._places[value] = tensor.data_ptr()
                if not is_finite(tensor):
                    self._forward(place, value, measure(tensor), reads)

    def _forward(self, place: Place, value: Value, found: Measure, reads: Sequence[Any]) -> None:
        op = place.op
        given = [(read.name, measure(tensor)) for read, tensor in zip(place.reads, reads, strict=True)
                 if isinstance(tensor, torch.Tensor)]  # fmt: skip
        kind = self._new(found, [figures for _, figures in given])
        fed = place.values.index(value) in place.fed
        if kind == "Inf" and not fed and (op.role is Role.CONSTANT or _written(op)):
            kind = ""
        if op.role is Role.GRADIENT and self._spared:
            kind = ""
        if not kind:
            self._spared = True
            return
        figures = [(f"{value.name}:", found)]
        hint = _MEANT if kind == "Inf" else ""
        if fed:
            what = f"{value.name} was fed {kind}"
        elif op.role in (Role.READ, Role.CONSTANT):
            source = f"variable {op.payload.name}" if op.role is Role.READ else f"constant {op.name}"
            what = f"the {source} holds {kind} already"
        elif op.role is Role.GRADIENT:
            what = f"the gradients that {value.name} sums are finite, and their sum has the first {kind} of this run"
            hint = forward_advice("Sum", [], found)
        else:
            what = f"{value.name} has the first {kind} of this run"
            hint = forward_advice(op.type, [each for _, each in given], found) or hint
            figures = [*((f"reads    {name}:", each) for name, each in given), ("gave    ", found)]
        self._end(Finding(op, None, what, tuple(figures), hint))

    def adjoint_leave(
        self, place: Place, order: int, call: Operation, outgoing: Gradients, incoming: Gradients
    ) -> None:
        if all(each is None or is_finite(each) for each in outgoing):
            return
        made = [measure(each) for each in outgoing if each is not None]
        arrived = [measure(each) for each in incoming if each is not None]
        kinds = [kind for each in made if (kind := self._new(each, arrived))]
        figures = [("came in ", each) for each in arrived]
        figures += [(f"reads    {name}:", each) for name, each in self._saved(place)]
        figures += [("gave    ", each) for each in made if not each.finite]
        name = place.op.name if order == 1 else f"the derivative of {place.op.name}"
        if kinds:
            kind = "NaN" if "NaN" in kinds else "Inf"
            what = f"the derivative of {name} made the first {kind} of this run"
            self._end(Finding(place.op, call, what, tuple(figures), backward_advice(place.op.type, arrived, made)))
        elif not self._spared and (kind := self._new(_worst(arrived), [])):
            what = f"the gradients with respect to {name} are finite, and their sum has the first {kind} of this run"
            hint = forward_advice("Sum", [], _worst(arrived))
            self._end(Finding(place.op, call, what, tuple(figures[: len(arrived)]), hint))
        self._spared = True

    def _new(self, found: Measure, given: Sequence[Measure]) -> str:
        """The kind of number that is not finite and that was not there before: 'NaN', 'Inf' or ''."""
        if found.nan and not any(each.nan for each in given):
            return "NaN"
        if self._watch.inf and found.inf and all(each.finite for each in given):
            return "Inf"
        return ""

    def _saved(self, place: Place) -> Iterable[tuple[str, Measure]]:
        """What the derivative at work reads, by the names of what the operation read and gave."""
        names = {self._places[value]: value.name for value in (*place.reads, *place.values) if value in self._places}
        node: Any = torch._C._current_autograd_node()
        for attribute in dir(node):
            saved = getattr(node, attribute) if attribute.startswith("_saved_") else None
            if isinstance(saved, torch.Tensor) and saved.is_floating_point():
                strided = saved.layout is torch.strided
                name = names.get(saved.data_ptr(), "") if strided else ""
                yield name or attribute.removeprefix("_saved_"), measure(saved)

    def _end(self, finding: Finding) -> None:
        self._watch.finding = finding
        raise NonFiniteError(finding)


def _worst(measures: Sequence[Measure]) -> Measure:
    return max(measures, key=lambda each: (each.nan, each.inf))


def _written(op: Operation) -> bool:
    """Whether the caller wrote an infinite number as an argument of the call."""
    pending = [*op.args, *op.kwargs.values()]
    while pending:
        item = pending.pop()
        if isinstance(item, (list, tuple)):
            pending += item
        elif isinstance(item, float) and math.isinf(item):
            return True
    return False
