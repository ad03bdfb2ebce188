"""What all pages share: the templates, images inside a page, and how values are written."""

from base64 import b64encode
from hashlib import sha256
from io import BytesIO
from typing import NamedTuple

from repdyn.figures.style import FAMILY_COLOURS, FONT
from repdyn.wording.names import detector_name, family_name
from repdyn.wording.numbers import plural, written

# Of the runs that a reader lays over one another, on a light and on a dark page; each has a line style of its own too.
CURVES = ("#0072B2", "#B34700", "#006B4F", "#8A4F7D", "#222222", "#7A5C00")
CURVES_DARK = ("#56B4E9", "#FF9A57", "#3FCF9E", "#E59ACB", "#EEEEEE", "#F0D24A")


class Picture(NamedTuple):
    """An image inside the page: its data URI and its size in pixels."""

    uri: str
    width: int
    height: int


def picture(content: bytes, kind: str = "webp") -> Picture:
    """An image file's bytes as a Picture."""
    from PIL import Image

    with Image.open(BytesIO(content)) as image:
        width, height = image.size
    return Picture(f"data:image/{kind};base64,{b64encode(content).decode()}", width, height)


def templates(autoescape: bool):
    """The templates of this package; a value that one needs and does not get is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("repdyn.report"),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def fill(template: str, **values) -> str:
    """A template of this package as HTML."""
    environment = templates(autoescape=True)
    environment.filters |= {"written": written, "plural": plural, "source": source, "detector_name": detector_name}
    environment.globals |= {"font": FONT, "family_colours": FAMILY_COLOURS, "family_name": family_name}
    environment.globals |= {"curve_colours": CURVES, "curve_colours_dark": CURVES_DARK}
    # Widths that pictures have at most: rules of the style, because an attribute would need a laxer policy.
    widths: dict[int, int] = {}
    environment.globals |= {"widths": widths, "at_most": lambda width: widths.setdefault(width, width)}
    return environment.get_template(f"{template}.html.j2").render(values)


def source(text: str) -> str:
    """The name of an inline style or script in a Content-Security-Policy: of any other, a browser runs nothing."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def run_name(experiment: str, seed: int) -> str:
    """A run in one word, as its page is called."""
    return f"{experiment}-seed{seed}"


def run_link(experiment: str, seed: int, pages: int) -> str | None:
    """Where a run's page lies, from the pages of the study; None beyond the first `pages` seeds, which have none."""
    return f"runs/{run_name(experiment, seed)}.html" if seed < pages else None
