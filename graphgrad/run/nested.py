"""The programs of branches and loop bodies: planned and emitted as runs are, and called by a run."""

from __future__ import annotations

import re
from typing import Any

from ..plan.plan import plan
from ..record.flow import Flow
from ..record.nested import Body, Compiled
from .emit import emit
from .program import Program
from .runtime import Run


def _compile(body: Body, taped: bool, device: str) -> Compiled:
    """The body's program as a function of tensors; on the tape, the gradients of a caller pass through it."""
    wanted = tuple(dict.fromkeys(body.outputs))
    planned = plan(wanted, (), body.placeholders, through=taped, apart=body.apart)
    program = body.made[taped, device] = emit(planned, device)
    body.fresh &= not planned.shared and len(wanted) == len(body.outputs)
    places = [wanted.index(value) for value in body.outputs]
    once = len(places) == len(wanted)
    if once and not program.switches and program.text.count("\ndef ") == 1:
        return _direct(program, len(body.placeholders))
    call, constants = program.call, program.constants
    orders = tuple(sweep.call.aggregation for sweep in planned.sweeps.values())

    def run(*values: Any) -> tuple[Any, ...]:
        outputs = call(values, (), constants, Run(orders) if program.switches else None)[0]
        return tuple([outputs[place] for place in places])

    return run


def _direct(program: Program, width: int) -> Compiled:
    """The program with its feeds as arguments: a loop calls it ten thousand times."""
    names = [f"feed_{number}" for number in range(width)]
    start = program.text.index("\ndef ")
    head, body = program.text[:start], program.text[start:]
    body = body.replace("(feeds, state, const, run):", f"({', '.join(names)}):", 1)
    body = re.sub(r"(?m)^(    \w+ = (?:begun\(|handed\()?)feeds\[(\d+)\]", r"\1feed_\2", body)
    body = re.sub(r"(?m)^    return \[(.*)\], \[\]$", r"    return (\1,)", body).replace("return (,)", "return ()")
    namespace = {**program.call.__globals__, "const": program.constants, "_program": program}
    exec(compile("\n" * head.count("\n") + body, program.filename, "exec"), namespace)  # noqa: S102
    direct: Compiled = namespace["program"]
    return direct


def source(program: Program, device: str) -> str:
    """A program's text, and below it those of the bodies that it calls, which have their operation's name."""
    texts = [program.text]
    for step in program.plan.steps:
        flow = step.op.target
        if isinstance(flow, Flow):
            for label, body, taped in flow.parts(step.tape is True):
                body.program(taped, device)
                inner = source(body.made[taped, device], device)
                name = re.sub(r"\W", "_", f"{step.op.name} {label}")
                texts.append(f"\n# {step.op.name}: {label}\n{_renamed(inner, name)}")
    return "".join(texts)


def _renamed(text: str, name: str) -> str:
    """A program without its imports and with functions of other names than those of the program that calls it."""
    text = text[text.index("\ndef ") + 1 :]
    for own in dict.fromkeys(re.findall(r"(?m)^def (\w+)\(", text)):
        text = re.sub(rf"\b{own}\b", name if own == "program" else f"{name}_{own}", text)
    return text


Body.compile = staticmethod(_compile)
