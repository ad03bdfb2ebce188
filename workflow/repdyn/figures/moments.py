"""The event windows of a run in pictures: their looks and key, and the two states that pictures compare."""

# A window is told by colour and by fill. Colours: Okabe & Ito (2008), grey for what is no jump.
LOOKS = {
    "jump": {"facecolor": "#D55E00", "edgecolor": "#D55E00"},
    "control": {"facecolor": "white", "edgecolor": "#0072B2", "hatch": "//////"},
    "placebo": {"facecolor": "#777777", "edgecolor": "#777777"},
    "placebo control": {"facecolor": "white", "edgecolor": "#777777", "hatch": "//////"},
}


def largest_jump(moments: dict) -> dict | None:
    """The jump with the largest relative magnitude among planned windows, the earliest of equals; None without jumps."""
    jumps = [moment for moment in moments["moments"] if moment["kind"] == "jump"]
    return min(jumps, key=lambda jump: (-jump["relative_magnitude"], jump["at"]), default=None)


def compared_states(moments: dict) -> tuple[dict[int, str], dict | None]:
    """The two steps that a run's pictures compare, each with its name, and the jump between them or None.

    Before and after the largest jump; the first and the last step of the grid in a run without one.
    """
    jump = largest_jump(moments)
    if jump:
        return {jump["before"]: "before", jump["after"]: "after"}, jump
    return {moments["grid"][0]: "first", moments["grid"][-1]: "last"}, None


def moment_key(figure, kinds, left: float, from_top: float) -> None:
    """A legend of the given kinds of windows in one line, its lower edge `from_top` inches below the top of the figure."""
    from matplotlib.patches import Patch

    width, height = figure.get_size_inches()
    handles = [Patch(label=kind, **look) for kind, look in LOOKS.items() if kind in set(kinds)]
    if handles:
        figure.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(left / width, 1 - from_top / height), borderaxespad=0,
            ncols=len(handles), handlelength=1.4, handleheight=0.8, columnspacing=1.5,
        )  # fmt: skip
