"""Small multiples: panels of a column share a scale, so that runs can be compared."""

from matplotlib.figure import Figure

from repdyn.figures.panels import say, share, share_down


def test_columns_share_a_scale_and_panels_of_words_do_not_take_part():
    rows = [list(row) for row in Figure().subplots(3, 2)]
    rows[0][0].plot([0, 1], [-1, 2])
    rows[1][0].plot([0, 1], [0, 10])
    say(rows[2][0], "not evaluable")
    rows[2][0].set_ylim(0, 1000)
    rows[0][1].plot([0, 1], [0, 1])
    rows[1][1].plot([0, 1], [0, 5])
    alone = rows[0][1].get_ylim()
    share_down(rows, [0])
    low, high = rows[0][0].get_ylim()
    assert (low, high) == rows[1][0].get_ylim() and low <= -1 and 10 <= high < 1000
    assert rows[0][1].get_ylim() == alone != rows[1][1].get_ylim()


def test_a_scale_may_be_shared_along_x_and_across_columns():
    rows = [list(row) for row in Figure().subplots(2, 2)]
    for number, axes in enumerate(axes for row in rows for axes in row):
        axes.plot([0, number + 1], [0, 10 * number])
    share([axes for row in rows for axes in row], "x")
    assert len({axes.get_xlim() for row in rows for axes in row}) == 1 and 4 <= rows[0][0].get_xlim()[1] < 5
    assert rows[0][1].get_ylim() != rows[1][1].get_ylim()
