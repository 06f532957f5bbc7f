"""What only Python 2 understands, line by line."""

import ast

import pytest

from graphgrad.tf1.python2 import parse

LINES = [
    ("print 'loss', 3", "print is a statement"),
    ("print", None),
    ("print('loss')", None),
    ("if x: print x", "print is a statement"),
    ("print('a %d') % 3", None),
    ("try:\n    pass\nexcept ValueError, e:\n    pass", "except with a comma"),
    ("try:\n    pass\nexcept (A, B), e:\n    pass", "except with a comma"),
    ("try:\n    pass\nexcept (A, B):\n    pass", None),
    ("raise ValueError, 'no'", "raise with a comma"),
    ("exec 'a = 1'", "exec is a statement"),
    ("if a <> b: pass", "<> is written !="),
    ("x = `3`", "backquotes"),
    ("os.chmod(f, 0755)", "octal"),
    ("x = ur'a'", "ur'...'"),
    ("x = 10L", "without L"),
    ("for i in xrange(3): pass", "xrange does not exist: use range"),
    ("xrange = range\nxrange(3)", None),
    ("for k in d.iteritems(): pass", ".iteritems does not exist: use items"),
    ("d.has_key(3)", ".has_key does not exist: use in"),
    ("import cPickle as pickle", "the module cPickle does not exist: use pickle"),
    ("try:\n    import cPickle\nexcept ImportError:\n    import pickle", None),
    ("raw_input('?')", "raw_input does not exist: use input"),
    ("def f(:\n    pass", "can't be parsed"),
]


@pytest.mark.parametrize(("source", "says"), LINES, ids=[source for source, _ in LINES])
def test_a_line(source, says):
    tree, remarks = parse(source)
    assert tree is not None
    assert [remark.text for remark in remarks if not says or says not in remark.text] == []
    assert bool(remarks) == (says is not None)


def test_the_rest_of_a_script_is_parsed_and_lines_keep_their_numbers():
    source = "import tensorflow as tf\nprint 'a'\nx = tf.zeros([1])\nfor i in xrange(2):\n\tprint i\ny = tf.ones([1])\n"
    tree, remarks = parse(source)
    assert [remark.line for remark in remarks] == [2, 4, 5]
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Attribute)] == [3, 6]


def test_statements_in_a_block_leave_the_block_whole():
    tree, _ = parse("def f():\n    print 'a'\n\nclass A:\n    pass\n")
    assert [type(node).__name__ for node in tree.body] == ["FunctionDef", "ClassDef"]


def test_what_is_no_python_at_all_ends():
    tree, remarks = parse("\n".join(["no python at all"] * 600))
    assert tree is None
    assert remarks[0].line == 1 and "can't be parsed" in remarks[0].text
