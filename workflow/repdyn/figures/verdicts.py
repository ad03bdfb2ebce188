"""Which published claims hold: the claims under their two words, small enough for the top of a README."""

from io import BytesIO

from repdyn.audit.bounds import FAILS, HOLDS, NOT_EVALUABLE, UNDECIDED, WORDS
from repdyn.audit.verdicts import ARTEFACT, EVIDENCE, NOT_DERIVABLE, STANDS
from repdyn.errors import StudyError
from repdyn.figures.style import styled, to_png_bytes

MEANINGS = {
    STANDS: "the published logs, repaired, show it",
    ARTEFACT: "they do not, and the published method gives as much where there is nothing to find",
    NOT_DERIVABLE: "they do not, or cannot tell",
    HOLDS: "our interval lies on the claimed side of each bound",
    FAILS: "it lies on the other side of one",
    UNDECIDED: "a bound lies within it",
    NOT_EVALUABLE: "too few runs or jumps, or fixed by its definition",
}
# Fill and text, Okabe & Ito (2008) where a colour is meant; the rows are labelled, so that colour is never needed.
COLOURS = {
    HOLDS: ("#56B4E9", "black"),
    FAILS: ("#D55E00", "white"),
    UNDECIDED: ("#DDDDDD", "black"),
    NOT_EVALUABLE: ("white", "black"),
}

DPI = 200  # twice the width at which a README shows it
WIDTH, EDGE, LABEL, HEAD, CHIP, GAP, PAD = 4.0, 0.08, 1.0, 0.4, 0.22, 0.05, 0.08  # inches
IN_A_ROW = 2
SHADES = 64  # enough for flat colours and the edges of letters


@styled
def verdict_chips(claims: list[dict]):
    """A row per word on our runs, a column per word on the published evidence, and in each cell the ids of its claims.

    claims: dicts with id and parts (part, evidence, holds of each), in order; the parts of a claim that has several are told
    apart by letters. All words are shown, also those of no claim. StudyError for a word that does not exist.
    """
    from matplotlib.figure import Figure

    cells = {(holds, evidence): [] for holds in WORDS for evidence in EVIDENCE}
    for name, part in named_parts(claims):
        if (part["holds"], part["evidence"]) not in cells:
            raise StudyError(
                f"claim {name} is said to be {part['evidence']!r} and {part['holds']!r}; one of {', '.join(EVIDENCE)} "
                f"and one of {', '.join(WORDS)} are needed"
            )
        cells[part["holds"], part["evidence"]].append(name)
    lines = {holds: max(1, *(-(-len(cells[holds, each]) // IN_A_ROW) for each in EVIDENCE)) for holds in WORDS}
    height = 2 * EDGE + HEAD + sum(lines.values()) * (CHIP + GAP) + len(WORDS) * 2 * PAD
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    column = (WIDTH - 2 * EDGE - LABEL) / len(EVIDENCE)
    words = {"va": "center_baseline", "fontsize": 8.5}
    axes.text(EDGE + LABEL, EDGE + HEAD * 0.2, "Published evidence", color="#444444", **words)
    axes.text(EDGE, EDGE + HEAD * 0.7, "In our runs", color="#444444", **words)
    for place, evidence in enumerate(EVIDENCE):
        axes.text(EDGE + LABEL + place * column, EDGE + HEAD * 0.7, evidence, fontweight="bold", **words)
    top = EDGE + HEAD
    for holds in WORDS:
        axes.plot([EDGE, WIDTH - EDGE], [top, top], color="#AAAAAA", linewidth=0.5)
        axes.text(EDGE, top + PAD + CHIP / 2, holds, fontweight="bold", **words)
        for place, evidence in enumerate(EVIDENCE):
            for number, name in enumerate(cells[holds, evidence]):
                left = EDGE + LABEL + place * column + number % IN_A_ROW * (column / IN_A_ROW)
                _chip(
                    axes,
                    name,
                    COLOURS[holds],
                    left,
                    top + PAD + number // IN_A_ROW * (CHIP + GAP),
                    column / IN_A_ROW - GAP,
                )
        top += lines[holds] * (CHIP + GAP) + 2 * PAD
    return figure


def named_parts(claims: list[dict]) -> list[tuple[str, dict]]:
    """Every part of every claim under its id, with a letter where a claim has several: C03a, C03b."""
    return [
        (claim["id"] + ("abcdefgh"[place] if len(claim["parts"]) > 1 else ""), part)
        for claim in claims
        for place, part in enumerate(claim["parts"])
    ]


def _chip(axes, name: str, colours: tuple[str, str], left: float, top: float, width: float) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle((left, top), width, CHIP, facecolor=colours[0], edgecolor="#444444", linewidth=0.5, label=name)
    )
    axes.text(left + width / 2, top + CHIP / 2, name, color=colours[1], ha="center", va="center_baseline", fontsize=8.5)


def to_small_png_bytes(figure) -> bytes:
    """PNG with a palette: a fifth of the size of one with full colours."""
    from PIL import Image

    stream = BytesIO()
    with Image.open(BytesIO(to_png_bytes(figure, DPI))) as image:
        shades = image.convert("RGB").quantize(SHADES, dither=Image.Dither.NONE)
    shades.save(stream, "PNG", optimize=True)
    return stream.getvalue()
