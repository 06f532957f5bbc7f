"""Which passes make a run cheaper; none of them changes a number, and each can be switched off."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, kw_only=True)
class Passes:
    """The passes over the plan and the program of a run, all on: `gg.Session(passes=gg.Passes(fold=False))`.

    No pass changes a number, so that a switch is for measuring, and for finding out which pass is to blame. They hold
    for runs as recorded and for compiled ones. The bodies of branches, loops and functions, which sessions share,
    always have all of them.

    Args:
        prune: of a `gradients()` call only those gradients are computed that the run needs. Without it all are, and
            what they need has to be fed, as with `gate_gradients`.
        merge: equal operations that no gradient passes through are computed once.
        fold: what depends on constants alone is computed once for all runs, when the run is asked for first; but not
            what only goes into a fetch or a variable, nor what is larger than 10 MiB.
        no_grad: operations that no gradient passes through run off autograd's tape.
        donate: variables are updated in place where nobody reads the old value again.
        foreach: updates in place that differ in their tensors alone are one call of `torch._foreach_*`.
        free: tensors are freed after their last use. Without it they live to the end of the run, or of its part of a
            thousand lines.
        recompute: what was recorded under `gg.recompute()` is computed again on the way back, not kept.
        early: under `compile="trace"` variables on the CPU are updated in place as soon as nobody reads the old values
            any more and nothing can fail before the end, so that not all gradients are in memory together.

    Raises:
        TypeError: for a switch that is no bool.

    >>> import graphgrad as gg
    >>> v = gg.Variable([1.0, 2.0])
    >>> double = v.assign_add(v * 1.0).op
    >>> for passes in (gg.Passes(), gg.Passes(donate=False)):
    ...     print("add_(" in gg.Session(passes=passes).source(double))
    True
    False
    """

    prune: bool = True
    merge: bool = True
    fold: bool = True
    no_grad: bool = True
    donate: bool = True
    foreach: bool = True
    free: bool = True
    recompute: bool = True
    early: bool = True

    def __post_init__(self) -> None:
        for each in fields(self):
            if type(getattr(self, each.name)) is not bool:
                raise TypeError(f"Passes.{each.name} is True or False, got {getattr(self, each.name)!r}")

    def watched(self, in_place: bool = True) -> Passes:
        """Those for a run that is looked at: each operation is carried out where it stands, once.

        Args:
            in_place: whether variables may be updated in place; if not, they are as they were whatever is found.
        """
        return replace(self, fold=False, recompute=False, donate=self.donate and in_place)


ALL = Passes()
NAMES = tuple(each.name for each in fields(Passes))


def as_passes(passes: Passes | None, merge: bool = True, fold: bool = True) -> Passes:
    """The passes that a session was asked for; without any, all but those that its config switches off."""
    if passes is None:
        return Passes(merge=merge, fold=fold)
    if not isinstance(passes, Passes):
        raise TypeError(f"passes is {passes!r}, not a gg.Passes: write passes=gg.Passes(fold=False)")
    return passes
