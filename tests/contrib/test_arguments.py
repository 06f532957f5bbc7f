"""Blocks of default arguments."""

import threading

import pytest

from graphgrad.contrib.arguments import (
    add_arg_scope,
    arg_scope,
    arg_scoped_arguments,
    current_arg_scope,
    has_arg_scope,
)


@add_arg_scope
def f(a, b=1, c=2):
    """What f is."""
    return a, b, c


@add_arg_scope
def g(a, b=1):
    return a, b


def plain(a):
    return a


def test_defaults_of_a_block():
    with arg_scope([f, g], b=10):
        assert f(0) == (0, 10, 2) and g(0) == (0, 10)
        assert f(0, b=3) == (0, 3, 2)
        with arg_scope([f], c=20):
            assert f(0) == (0, 10, 20) and g(0) == (0, 10)
            with arg_scope([f], b=30):
                assert f(0) == (0, 30, 20)
        assert f(0) == (0, 10, 2)
    assert f(0) == (0, 1, 2) and current_arg_scope() == {}


def test_the_scope_of_a_block_elsewhere():
    with arg_scope([f], b=10) as scope:
        pass
    with arg_scope([f], c=20), arg_scope(scope):
        assert f(0) == (0, 10, 2)  # instead of the block around


def test_what_a_block_refuses():
    with pytest.raises(ValueError, match="'plain' is not decorated"), arg_scope([plain], a=1):
        pass
    with pytest.raises(ValueError, match="not both"), arg_scope({}, a=1):
        pass
    with pytest.raises(TypeError, match="a list of functions"), arg_scope(f, b=1):
        pass
    with pytest.raises(TypeError, match="unexpected keyword"), arg_scope([g], c=1):
        g(0)
    assert f(0) == (0, 1, 2)


def test_a_block_that_raises_ends():
    with pytest.raises(KeyError), arg_scope([f], b=10):
        raise KeyError
    assert f(0) == (0, 1, 2)


def test_a_block_holds_for_its_thread():
    found = []
    with arg_scope([f], b=10):
        thread = threading.Thread(target=lambda: found.append(f(0)))
        thread.start()
        thread.join()
    assert found == [(0, 1, 2)]


def test_what_is_known_of_a_function():
    assert has_arg_scope(f) and not has_arg_scope(plain)
    assert arg_scoped_arguments(f) == ("b", "c")
    assert f.__name__ == "f" and f.__doc__ == "What f is."
