"""The picture of a plan, on coordinates: order, sweeps, lives."""

from typing import Any

import pytest

from graphgrad.ground.reading import Reading
from graphgrad.plan.steps import Plan
from graphgrad.view.bands import bands
from graphgrad.view.label import width
from graphgrad.view.marks import Part, Scene, Shape, Text
from graphgrad.view.palette import STYLES
from graphgrad.view.planned import plan_graph, planned
from graphgrad.view.schedule import PITCH, _Drawing, schedule
from graphgrad.view.svg import svg
from tests.view.pictures import stopped, trained


def drawn(made: Plan) -> Scene:
    return schedule(made, plan_graph(made))


def texts(part: Part) -> list[str]:
    return [mark.text for mark in part.marks if isinstance(mark, Text)]


def extent(part: Part, style: str) -> tuple[float, float, float, float]:
    (shape,) = [mark for mark in part.marks if isinstance(mark, Shape) and mark.style == style]
    points = [pair for _, *all_ in shape.path for pair in zip(all_[::2], all_[1::2], strict=True)]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


PLANS: list[Any] = [stopped, trained, lambda: trained(3), lambda: trained(12)]


@pytest.mark.parametrize("make", PLANS)
def test_steps_run_down_the_page_in_their_order(make: Any) -> None:
    made = make()
    picture = drawn(made)
    boxes = [part for part in picture.parts if part.node]
    assert [part.node for part in boxes] == [band.rows[0].key for band in bands(planned(made).rows)]
    heights = [mark.y for part in boxes for mark in part.marks if isinstance(mark, Text) and mark.style == "title"]
    assert len(heights) == len(boxes)
    assert all(low - high == pytest.approx(PITCH) for high, low in zip(heights, heights[1:], strict=False))
    numbers = [mark.text for part in boxes for mark in part.marks if isinstance(mark, Text) and mark.style == "caption"]
    firsts = [int(number.partition("–")[0]) for number in numbers]
    assert firsts == sorted(firsts) and firsts[0] == 1


@pytest.mark.parametrize("make", PLANS)
def test_lives_that_overlap_have_tracks_of_their_own(make: Any) -> None:
    made = make()
    found = planned(made)
    drawing = _Drawing(found, bands(found.rows), plan_graph(made))
    assert drawing.lines
    for n, one in enumerate(drawing.lines):
        for other in drawing.lines[:n]:
            if one.track == other.track:
                assert other.held < one.born or one.held < other.born


@pytest.mark.parametrize("make", PLANS)
def test_everything_is_on_the_page_and_texts_of_a_row_do_not_meet(make: Any) -> None:
    picture = drawn(make())
    for part in picture.parts:
        ends: list[tuple[float, float]] = []
        for mark in part.marks:
            assert mark.style in STYLES
            if isinstance(mark, Text):
                wide = width(mark.text, mark.size)
                left = mark.x - {"start": 0.0, "middle": wide / 2, "end": wide}[mark.anchor]
                assert left >= 0 and left + wide <= picture.width + 1 and 0 <= mark.y <= picture.height
                ends.append((left, left + wide))
            else:
                points = [pair for _, *all_ in mark.path for pair in zip(all_[::2], all_[1::2], strict=True)]
                assert all(0 <= x <= picture.width and 0 <= y <= picture.height for x, y in points)
        if part.node:
            ends.sort()
            assert all(right <= left + 0.5 for (_, right), (left, _) in zip(ends, ends[1:], strict=False))


def test_a_sweep_reaches_up_to_the_first_step_that_it_differentiates() -> None:
    made = stopped()
    found, picture = planned(made), drawn(made)
    middle = {part.node: sum(extent(part, style)[1::2]) / 2 for part in picture.parts if part.node
              for style in [next(m.style for m in part.marks if isinstance(m, Shape))]}  # fmt: skip
    brackets = []
    for part in picture.parts:
        shapes = [mark for mark in part.marks if isinstance(mark, Shape)]
        if shapes and not part.node and not part.tip and shapes[0].style == "cotangent" and len(shapes) > 2:
            brackets.append([number for _, _, number in shapes[0].path])
    assert len(brackets) == len(found.spans) == 3
    for (at, path), heights in zip(found.spans, brackets, strict=True):
        assert max(heights) == pytest.approx(middle[found.rows[at].key])
        assert min(heights) == pytest.approx(middle[found.rows[path[0]].key])


def test_tags_say_what_happens() -> None:
    parts = {part.node: part for part in drawn(stopped()).parts if part.node}
    assert texts(parts["c"])[:1] == ["stop in sweep 1"] and {"stop"} <= {m.style for m in parts["c"].marks}
    assert {"sweep 1", "differentiated again", "fetched"} <= set(texts(parts["gradients/vjp"]))
    updated = [texts(part) for part in drawn(trained()).parts if part.node]
    assert sum("in place" in said for said in updated) == 4


def test_what_was_measured_has_a_column() -> None:
    made = stopped()
    graph = plan_graph(made)
    plain = schedule(made, graph)
    graph.nodes["c"]["reading"], graph.nodes["mul"]["reading"] = Reading("3", 0.5), Reading("", 1.0, "nan")
    picture = schedule(made, graph)
    found = [text for part in picture.parts for text in texts(part)]
    assert {"measured", "3", "NaN"} <= set(found) and picture.width > plain.width
    assert "measured" not in [text for part in plain.parts for text in texts(part)]


def test_equal_lives_are_one_line_with_their_number() -> None:
    found = [text for part in drawn(trained(12)).parts for text in texts(part)]
    assert "×76" in found  # the gradients, all read by the updates


def test_it_is_the_same_picture_each_time() -> None:
    made = trained(3)
    assert svg(drawn(made)) == svg(drawn(made))
