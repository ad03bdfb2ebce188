"""An axis of training steps."""

import numpy as np

LINEAR_STEPS = 30  # most jumps lie in the first dozens of steps: up to here the axis is linear, then logarithmic


def step_axis(axes, total: int) -> None:
    """A step axis from 0 to total on which the first steps can be told apart: linear up to LINEAR_STEPS, then
    logarithmic. Its labels fit the axes as they stand.
    """
    from matplotlib.ticker import FixedLocator, NullLocator

    axes.set_xscale("symlog", linthresh=LINEAR_STEPS, linscale=1)
    axes.set_xlim(-0.02 * min(total, 3 * LINEAR_STEPS), total * 1.03)
    to_scale = axes.xaxis.get_transform().transform
    left, right = to_scale(np.array(axes.get_xlim()))
    inches = axes.get_position().width * axes.figure.get_figwidth() / (right - left)
    ticks = []
    # By rank: the ends of the run, decades, what lies between them.
    for step in (0, total, LINEAR_STEPS, 100, 10, 1000, 10**4, 10**5, 10**6, 300, 3000, 30000, 300000, 20):
        clear = (
            abs(to_scale(step) - to_scale(other)) * inches > 0.04 * (len(f"{step:,}") + len(f"{other:,}")) + 0.06
            for other in ticks
        )
        if step <= total and all(clear):
            ticks.append(step)
    axes.xaxis.set_major_locator(FixedLocator(sorted(ticks)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:,.0f}")
