"""Populations of cells that excite or inhibit one another, as a graph of their median weights."""

from collections.abc import Mapping

import numpy as np

from repdyn.figures.style import OKABE_ITO

EXCITES, INHIBITS, OTHER = OKABE_ITO[3], OKABE_ITO[0], "#888888"
# Of the axes: from a population to the ring for weights within it; to a name below; to the edge.
LOOP, BELOW, AROUND = 0.42, 0.4, 0.65
THICKEST = 2.5  # points: the strongest weight


def draw_populations(axes, places: Mapping[str, tuple[float, float]], weights: Mapping[tuple[str, str], float]) -> None:
    """places: {name: (x, y)}; weights: {(from, to): weight}, a ring within a population.

    A name that ends with E excites and is red, one with I inhibits and is blue. Each weight stands on its edge, coloured
    by its sign, as thick as it is strong beside the strongest.
    """
    from matplotlib.patches import Circle

    largest = max(map(abs, weights.values()))
    middle = np.mean(list(places.values()), axis=0)
    for (of, to), weight in weights.items():
        start, end = np.array(places[of]), np.array(places[to])
        look = {"color": EXCITES if weight > 0 else INHIBITS, "linewidth": 0.6 + THICKEST * abs(weight) / largest}
        if of == to:
            outward = (start - middle) / np.linalg.norm(start - middle)
            axes.add_patch(Circle(tuple(start + LOOP * outward), LOOP / 2, fill=False, **look))
            at = start + LOOP * outward + np.array([0, 0.8 * LOOP])
        else:
            bent = 0.35 if (to, of) in weights else 0.0
            axes.annotate("", xy=end, xytext=start, arrowprops={
                "arrowstyle": "-|>", "mutation_scale": 9, "shrinkA": 9, "shrinkB": 9,
                "connectionstyle": f"arc3,rad={bent}", **look,
            })  # fmt: skip
            across = np.array([end[1] - start[1], start[0] - end[0]])
            share = 0.28 if start[1] * end[1] < 0 else 0.5  # edges from above to below cross others in the middle
            at = start + share * (end - start) + bent / 2 * across
        axes.text(
            *at, f"{weight:+.2g}", color=look["color"], fontsize=6.5, ha="center", va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip
    for name, place in places.items():
        colour = {"E": EXCITES, "I": INHIBITS}.get(name[-1])
        axes.plot(*place, marker="o", markersize=15, color=colour or OTHER, linestyle="", zorder=3)
        if colour:
            axes.text(*place, name[-1], color="white", ha="center", va="center", fontweight="bold", zorder=4)
        else:
            axes.text(place[0], place[1] - BELOW, name, color=OTHER, ha="center", va="center", fontsize=6.5)
    across, up = np.transpose(list(places.values()))
    box = axes.get_window_extent()
    wide, high = np.ptp(across) / 2 + AROUND, np.ptp(up) / 2 + AROUND
    wide, high = max(wide, high * box.width / box.height), max(high, wide * box.height / box.width)
    x, y = (across.min() + across.max()) / 2, (up.min() + up.max()) / 2
    axes.set(xlim=(x - wide, x + wide), ylim=(y - high, y + high))  # a ring is round
    axes.axis("off")
