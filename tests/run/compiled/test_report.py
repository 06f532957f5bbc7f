"""The report of a session."""

from __future__ import annotations

import graphgrad as gg


def test_a_session_without_runs() -> None:
    with gg.Session(compile="trace") as session:
        assert str(session.report()) == "no runs yet"


def test_each_kind_of_run_has_its_entry() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    y, z = gg.sin(x, name="y"), gg.cond(x > 0, lambda: x, lambda: -x, name="z")
    v = gg.Variable(1.0, name="v")
    with gg.Session(compile="trace") as session:
        session.run(v.initializer)
        session.run(y, {x: 1.0})
        session.run(z, {x: 1.0})
        first, second, third, fourth = session.report()
        text = str(session.report())
    assert first.fetches == ("v set",) and second.fetches == ("y:0",)
    assert second.how.startswith("flat") and second.op is None
    assert third.how.startswith("flat") and fourth.fetches == third.fetches == ("z:0",)
    assert fourth.op is not None and "test_report.py" in text and "z (Cond)" in text


def test_without_compile_runs_are_eager() -> None:
    x = gg.placeholder(gg.float32, [], name="x")
    with gg.Session(compile="") as session:
        session.run(gg.sin(x), {x: 1.0})
        assert [entry.how for entry in session.report()] == ["eager"]
