"""The main result of the study, small enough for the top of a README: how many jumps are left of those that were printed."""

from io import BytesIO

from repdyn.figures.style import FAMILY_COLOURS, styled, to_png_bytes
from repdyn.wording.names import family_name
from repdyn.wording.numbers import short

DPI = 200  # twice the width at which a README shows it
WIDTH, ROW, HEAD, EDGE = 5.6, 0.27, 0.3, 0.06  # inches
BARS, END = 2.7, 4.3  # inches: where bars begin, and where the longest ends
BUG, RULE, NOISE, TESTED = "#D55E00", "#444444", "#AAAAAA", "#0072B2"
SHADES = 64  # enough for flat colours and the edges of letters


@styled
def main_result(jumps: dict):
    """Bars of counts, in two groups: the published logs, and our runs.

    jumps: `report.readme.jumps_of`. Numbers that are None have no row. The last bars of a group are those of a test, whose
    jumps are counted by family behind the bar.
    """
    from matplotlib.figure import Figure

    groups = [(title, rows) for title, rows in rows_of(jumps) if rows]
    height = 2 * EDGE + sum(HEAD + ROW * len(rows) for _, rows in groups)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    most = max((row[1] for _, rows in groups for row in rows), default=1) or 1
    top = EDGE
    for title, rows in groups:
        axes.text(EDGE, top + HEAD / 2, title, va="center_baseline", fontsize=8.5, fontweight="bold")
        top += HEAD
        for label, count, colour, behind in rows:
            middle = top + ROW / 2
            axes.text(BARS - 0.08, middle, label, ha="right", va="center_baseline", fontsize=8)
            length = (END - BARS) * count / most
            axes.barh(middle, length, 0.62 * ROW, BARS, color=colour, label=label)
            text = axes.text(
                BARS + length + 0.05, middle, short(count), va="center_baseline", fontsize=8.5, fontweight="bold"
            )
            if behind:
                text.set_text(f"{short(count)}  ")
                axes.annotate(behind, (1, 0), xycoords=text, ha="left", va="bottom", fontsize=7, color="#444444")
            top += ROW
    return figure


def rows_of(jumps: dict) -> list[tuple[str, list[tuple[str, float, str, str]]]]:
    """Groups of rows: label, count, colour, and what stands behind the count; without those that have no number."""
    published, ours = jumps["published"], jumps["ours"]
    runs = f"our {ours['runs']} runs that learned" if ours["runs"] != 1 else "our one run that learned"
    groups = [
        (
            "Jumps in the published logs",
            [
                ("printed, of a metric constant by a bug", published["printed"], BUG, ""),
                ("the same rule, metric repaired", published["repaired"], RULE, ""),
                ("the same rule, series without jumps", published["noise"], NOISE, ""),
                ("left by a test", published["tested"], TESTED, where(published["families"], published["declared"])),
            ],
        ),
        (
            f"Jumps in {runs}",
            [
                ("the same rule", ours["rule"], RULE, ""),
                ("the same rule, series without jumps", ours["noise"], NOISE, ""),
                (
                    "left by a test, between measurements",
                    ours["candidates"],
                    TESTED,
                    where(ours["candidates_by_family"]),
                ),
                ("within one training step", ours["jumps"], TESTED, where(ours["jumps_by_family"])),
            ],
        ),
    ]
    return [(title, [row for row in rows if row[1] is not None]) for title, rows in groups]


def where(families: dict[str, int], declared: float | None = None) -> str:
    """In which families how many are; the false ones that the test declares."""
    known = [f"{family_name(name)} {short(families[name])}" for name in FAMILY_COLOURS if families.get(name)]
    false = [f"up to {short(declared)} false"] if declared is not None else []
    return f"({'; '.join([', '.join(known), *false] if known else false)})" if known or false else ""


def to_small_png_bytes(figure) -> bytes:
    """PNG with a palette: a fifth of the size of one with full colours."""
    from PIL import Image

    stream = BytesIO()
    with Image.open(BytesIO(to_png_bytes(figure, DPI))) as image:
        shades = image.convert("RGB").quantize(SHADES, dither=Image.Dither.NONE)
    shades.save(stream, "PNG", optimize=True)
    return stream.getvalue()
