"""Default sessions: a stack per thread."""

import threading

import pytest

import graphgrad as gg
from graphgrad.graph.sessions import get_default_session, require_session, session_stack


def test_there_is_none_at_first():
    assert get_default_session() is None and session_stack() == []


def test_the_innermost_block_counts():
    outer, inner = gg.Session(), gg.Session()
    with outer.as_default():
        with inner.as_default():
            assert get_default_session() is inner and session_stack() == [outer, inner]
        assert get_default_session() is outer
    assert get_default_session() is None


def test_each_thread_has_its_stack():
    found = []
    with gg.Session():
        thread = threading.Thread(target=lambda: found.append(get_default_session()))
        thread.start()
        thread.join()
    assert found == [None]


def test_a_session_given_goes_before_the_default():
    given = gg.Session()
    with gg.Session() as default:
        assert require_session(None, "run x") is default
        assert require_session(given, "run x") is given


def test_without_any_the_error_says_what_for():
    with pytest.raises(ValueError, match="no default session to run x"):
        require_session(None, "run x")


def test_sessions_may_end_in_another_order_than_they_began():
    one, other = gg.InteractiveSession(), gg.InteractiveSession()
    one.close()
    assert get_default_session() is other
    other.close()
    assert get_default_session() is None
