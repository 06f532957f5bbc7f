"""make_template: variables that calls share."""

import pytest

import graphgrad as gg


def weight(size=1):
    """Makes a weight."""
    return gg.get_variable("w", [size])


def test_calls_share_variables():
    first, second = gg.make_template("t", weight), gg.make_template("t", weight)
    assert first() is first()
    assert second() is not first()
    assert [each.op.name for each in gg.global_variables()] == ["t/w", "t_1/w"]
    assert (first.name, first.variable_scope_name, second.variable_scope.name) == ("t", "t", "t_1")
    assert first.variables == first.trainable_variables == [first()]
    assert first.__doc__ == "Makes a weight."


def test_arguments_are_passed_on():
    template = gg.make_template("t", weight, size=3)
    assert template().shape == [3]
    with pytest.raises(ValueError, match="not the"):
        template(size=4)


def test_the_first_call_is_elsewhere_than_the_template():
    late, early = gg.make_template("t", weight), gg.make_template("u", weight, create_scope_now_=True)
    with gg.variable_scope("outer"):
        assert (late().op.name, early().op.name) == ("outer/t/w", "u/w")
    assert late().op.name == "outer/t/w"


def test_a_unique_name():
    first, second = (gg.make_template("t", weight, unique_name_="mine") for _ in range(2))
    assert first().op.name == "mine/w"
    with pytest.raises(ValueError, match="already exists"):
        second()


def test_before_the_first_call_there_is_no_scope():
    template = gg.make_template("t", weight)
    assert (template.variable_scope, template.variable_scope_name, template.variables) == (None, None, [])


def test_a_second_call_makes_no_new_variable():
    names = iter("ab")
    template = gg.make_template("t", lambda: gg.get_variable(next(names), [1]))
    template()
    with pytest.raises(ValueError, match="does not exist"):
        template()


def test_a_custom_getter():
    def doubled(getter, *args, **options):
        return getter(*args, **options) * 2

    template = gg.make_template("t", weight, custom_getter_=doubled)
    assert template().op.type == "Mul"
