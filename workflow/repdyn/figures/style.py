"""The one look of all figures and of the page: type, sizes, colours, markers; and figures as reproducible bytes."""

import functools
from io import BytesIO

import numpy as np

FONT = "DejaVu Sans"  # ships with matplotlib, so text has the same shape on every machine

RC = {
    "font.family": FONT,
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "figure.titlesize": 10,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": "#444444",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.0,
    "hatch.linewidth": 0.4,
}

# Paul Tol's muted set.
FAMILY_COLOURS = {"mlp": "#332288", "cnn": "#117733", "transformer": "#882255", "module": "#666633"}
# A family is told by a marker and a hatch too: in grey print the colours are alike.
FAMILY_MARKERS = {"mlp": "o", "cnn": "s", "transformer": "^", "module": "D"}
FAMILY_HATCHES = {"cnn": "////", "transformer": "....", "module": "xxxx"}

# Okabe & Ito (2008). A dataset is told by colour and by marker, so that neither is needed alone.
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DATASETS = ("digits", "glyphs", "photos", "docstrings", "manifold")

# Relative depth, from the input on: dark to light of one perceptually ordered map (plasma).
DEPTH_COLOURS = {"first third": "#0D0887", "middle third": "#B12A90", "last third": "#F0804E"}

FLAGGED_COLOUR = "#777777"
MISSING_COLOUR = "#DDDDDD"
SEQUENTIAL_MAP = "viridis"
DIVERGING_MAP = "PuOr_r"  # centred at what is expected


def styled(draw):
    """Decorator: run a function that makes a figure under the common style."""

    @functools.wraps(draw)
    def wrapper(*arguments, **options):
        from matplotlib import rc_context

        with rc_context(RC):
            return draw(*arguments, **options)

    return wrapper


def dataset_styles(datasets) -> dict[str, tuple[str, str]]:
    """{dataset: (colour, marker)}: a known dataset always looks the same, others take what is left, by name."""
    present = set(datasets)
    known = [name for name in DATASETS if name in present]
    styles = {name: (OKABE_ITO[DATASETS.index(name)], MARKERS[DATASETS.index(name)]) for name in known}
    taken = {DATASETS.index(name) for name in known}
    free = [i for i in range(len(OKABE_ITO)) if i not in taken] or list(range(len(OKABE_ITO)))
    for number, name in enumerate(sorted(present - set(known))):
        index = free[number % len(free)]
        styles[name] = (OKABE_ITO[index], MARKERS[index])
    return styles


@styled
def message_figure(message: str):
    """A figure that says why there is nothing to draw."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 1.5))
    figure.text(0.5, 0.5, message, ha="center", va="center", wrap=True)
    return figure


def to_png_bytes(figure, dpi: int = 300) -> bytes:
    """PNG without version or date, so that equal figures give equal bytes."""
    return _saved(figure, format="png", dpi=dpi, metadata={"Software": None})


def to_svg_bytes(figure, dpi: int = 300) -> bytes:
    """SVG with text as outlines (no font needed to read it), without version, date or random ids.

    dpi: of images inside, such as a heatmap's.
    """
    return _saved(figure, format="svg", dpi=dpi, metadata={"Date": None, "Creator": None})


def to_webp_bytes(figure, dpi: int = 190, limit: int | None = None) -> bytes:
    """WebP for the page; compressed harder until it has at most `limit` bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    for quality in (90, 80, 65, 50, 35, 20):
        stream = BytesIO()
        image.save(stream, "WEBP", quality=quality, method=4)
        if limit is None or stream.tell() <= limit:
            break
    return stream.getvalue()


def _saved(figure, **options) -> bytes:
    from matplotlib import rc_context

    stream = BytesIO()
    with rc_context({**RC, "svg.hashsalt": "repdyn", "svg.fonttype": "path"}):
        figure.savefig(stream, **options)
    return stream.getvalue()
