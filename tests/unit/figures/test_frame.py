"""The frame of tools' figures: rows of panels of one size inside one width, names above them, the key above all."""

import pytest

from repdyn.figures.frame import NAME, WIDTH, framed


def _key(lines: int) -> list[list]:
    from matplotlib.lines import Line2D

    return [[Line2D([], [], label=f"line {line}")] for line in range(lines)]


@pytest.mark.parametrize(("columns", "before_last"), [(3, 0), (5, 0.65)])
def test_panels_are_alike_and_do_not_overlap(columns, before_last):
    figure, rows = framed(["cnn", "mlp", ""], columns, _key(2), before_last)
    across, up = figure.get_size_inches()
    boxes = [[axes.get_position() for axes in row] for row in rows]
    assert across == WIDTH and [len(row) for row in rows] == [columns] * 3
    assert len({(round(box.width, 9), round(box.height, 9)) for row in boxes for box in row}) == 1
    gaps = [(right.x0 - left.x1) * across for left, right in zip(boxes[0], boxes[0][1:], strict=False)]
    assert gaps == pytest.approx([gaps[0]] * (columns - 2) + [gaps[0] + before_last]) and gaps[0] > 0.4
    assert all(lower[0].y1 < upper[0].y0 for upper, lower in zip(boxes, boxes[1:], strict=False))
    assert boxes[-1][-1].x1 < 1 and boxes[-1][0].y0 * up > 0.4


def test_every_row_has_its_name_above_and_the_key_stands_above_all():
    figure, rows = framed(["cnn", "mlp"], 3, _key(2))
    up = figure.get_figheight()
    assert [text.get_text() for text in figure.texts] == ["cnn", "mlp"]
    for text, row in zip(figure.texts, rows, strict=True):
        assert (text.get_position()[1] - row[0].get_position().y1) * up == pytest.approx(NAME)
    figure.canvas.draw()
    keys = [legend.get_window_extent().y0 / figure.dpi for legend in figure.legends]
    name = figure.texts[0].get_window_extent().y1 / figure.dpi
    assert len(keys) == 2 and min(keys) > name and figure.axes == [axes for row in rows for axes in row]
