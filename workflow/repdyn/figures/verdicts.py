"""Which published claims hold: the claims under their verdicts, small enough for the top of a README."""

from io import BytesIO

from repdyn.audit.verdicts import ARTEFACT, NOT_EVALUABLE, NOT_SUPPORTED, REPRODUCED, SUPPORTED, UNDECIDED, VERDICTS
from repdyn.errors import StudyError
from repdyn.figures.style import styled, to_png_bytes

MEANINGS = {
    REPRODUCED: "our runs show it, with the published number",
    SUPPORTED: "our runs show it, with another number",
    ARTEFACT: "neither ours nor the repaired logs show it",
    NOT_SUPPORTED: "our runs contradict it",
    UNDECIDED: "too few runs or events, or an open interval",
    NOT_EVALUABLE: "not measured",
}
# Fill and text, Okabe & Ito (2008) where a colour is meant; the rows are labelled, so that colour is never needed.
COLOURS = {
    REPRODUCED: ("#009E73", "white"),
    SUPPORTED: ("#56B4E9", "black"),
    ARTEFACT: ("#D55E00", "white"),
    NOT_SUPPORTED: ("#444444", "white"),
    UNDECIDED: ("#DDDDDD", "black"),
    NOT_EVALUABLE: ("white", "black"),
}

DPI = 200  # twice the width at which a README shows it
WIDTH, EDGE, HEAD, CHIP, GAP, PAD = 4.0, 0.08, 0.21, 0.22, 0.05, 0.09  # inches
IN_A_ROW = 10
SHADES = 64  # enough for flat colours and the edges of letters


@styled
def verdict_chips(claims: list[dict]):
    """A heading per verdict with its count and meaning, and under it the ids of its claims.

    claims: dicts with id and verdict, in order. All six verdicts are shown, also those of no claim. StudyError for a verdict
    that does not exist.
    """
    from matplotlib.figure import Figure

    unknown = [claim for claim in claims if claim["verdict"] not in VERDICTS]
    if unknown:
        raise StudyError(
            f"claim {unknown[0]['id']} has the verdict {unknown[0]['verdict']!r}; one of {', '.join(VERDICTS)} is needed"
        )
    named = {verdict: [claim["id"] for claim in claims if claim["verdict"] == verdict] for verdict in VERDICTS}
    lines = sum(-(-len(ids) // IN_A_ROW) for ids in named.values())
    height = 2 * EDGE + len(named) * (HEAD + PAD) + lines * (CHIP + GAP) - PAD
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    top = EDGE
    for verdict, ids in named.items():
        _heading(axes, verdict, len(ids), top + HEAD / 2)
        top += HEAD
        for first in range(0, len(ids), IN_A_ROW):
            for place, name in enumerate(ids[first : first + IN_A_ROW]):
                _chip(axes, name, COLOURS[verdict], place, top)
            top += CHIP + GAP
        top += PAD
    return figure


def _heading(axes, verdict: str, count: int, middle: float) -> None:
    style = {"va": "center_baseline", "fontsize": 8.5}
    axes.text(EDGE, middle, f"{count}", fontweight="bold", **style)
    axes.text(EDGE + 0.24, middle, verdict, fontweight="bold", **style)
    axes.text(EDGE + 1.27, middle, MEANINGS[verdict], color="#444444", va="center_baseline", fontsize=7.5)


def _chip(axes, name: str, colours: tuple[str, str], place: int, top: float) -> None:
    from matplotlib.patches import Rectangle

    width = (WIDTH - 2 * EDGE - 0.24 + GAP) / IN_A_ROW
    left = EDGE + 0.24 + place * width
    axes.add_patch(
        Rectangle((left, top), width - GAP, CHIP, facecolor=colours[0], edgecolor="#444444", linewidth=0.5, label=name)
    )
    axes.text(
        left + (width - GAP) / 2,
        top + CHIP / 2,
        name,
        color=colours[1],
        ha="center",
        va="center_baseline",
        fontsize=8.5,
    )


def to_small_png_bytes(figure) -> bytes:
    """PNG with a palette: a fifth of the size of one with full colours."""
    from PIL import Image

    stream = BytesIO()
    with Image.open(BytesIO(to_png_bytes(figure, DPI))) as image:
        shades = image.convert("RGB").quantize(SHADES, dither=Image.Dither.NONE)
    shades.save(stream, "PNG", optimize=True)
    return stream.getvalue()
