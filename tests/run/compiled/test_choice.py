"""Which tier a session has."""

from __future__ import annotations

import pytest

import graphgrad as gg
from graphgrad.run.compiled.auto import Rising
from graphgrad.run.compiled.choice import TIERS, as_tier, stretches_of, written
from graphgrad.run.compiled.tier import Tier


def test_the_argument_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHGRAD_COMPILE", "auto")
    assert [as_tier(given) for given in (None, "", "trace")] == ["auto", "", "trace"]
    monkeypatch.delenv("GRAPHGRAD_COMPILE")
    assert as_tier(None) == ""


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'trace', 'inductor', 'cudagraph', 'auto'"):
        as_tier("fast")
    assert TIERS == ("trace", "inductor", "cudagraph", "auto")


@pytest.mark.parametrize(("name", "kind"), [("trace", Tier), ("auto", Rising)])
def test_a_program_has_its_tier_in_the_place_of_its_function(name: str, kind: type[Tier]) -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    with gg.Session(compile=name) as session:
        session.run(gg.sin(x), {x: 0.0})
        (prepared,) = session._prepared.values()
    call = prepared.program.call
    assert type(call) is kind and call.name == name
    assert written(prepared.program) is call.latest
    assert stretches_of(call.original) == ""
