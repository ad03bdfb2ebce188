"""The frame of a tool's figure: a named row of panels per run or network, all in one size, and one key above."""

from repdyn.figures.panels import KEY_ROW, key_above, named_row

WIDTH = 10.7  # inches of every such figure, so that letters have one size on a page
LEFT, RIGHT, GAP = 0.6, 0.35, 0.6  # inches beside and between panels
ABOVE, HEIGHT, BELOW = 0.44, 1.5, 0.5  # inches of a row: its name and titles, its panels, their labels
NAME = 0.27  # inches from the top of a panel to the name of its row


def framed(names: list[str], columns: int, key: list[list], before_last: float = 0.0):
    """A figure and its panels, a list of `columns` axes per name; an empty name stands for a row that belongs to the one
    above.

    key: legend entries, line by line. before_last: inches for wide labels left of the last panel.
    """
    from matplotlib.figure import Figure

    top = 0.1 + KEY_ROW * len(key)
    up = top + (ABOVE + HEIGHT + BELOW) * len(names)
    figure = Figure(figsize=(WIDTH, up))
    width = (WIDTH - LEFT - RIGHT - before_last - GAP * (columns - 1)) / columns
    lefts = [LEFT + (width + GAP) * column + before_last * (column == columns - 1) for column in range(columns)]
    rows = []
    for number, name in enumerate(names):
        bottom = up - top - (ABOVE + HEIGHT + BELOW) * number - ABOVE - HEIGHT
        rows.append(named_row(figure, name, bottom, NAME, lefts, width, HEIGHT))
    key_above(figure, key)
    return figure, rows
