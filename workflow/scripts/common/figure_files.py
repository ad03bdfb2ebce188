"""A figure as files, in its three formats."""

from pathlib import Path

from common.files import write_picture
from repdyn.figures.style import to_png_bytes, to_svg_bytes, to_webp_bytes


def write_figure(figure, stem: Path, dpi: int = 190, limit: int | None = None) -> None:
    """`stem`.png at 300 dpi, `stem`.svg, and `stem`.webp for the page: at `dpi`, at most `limit` bytes."""
    for suffix, content in (
        (".png", to_png_bytes(figure)),
        (".svg", to_svg_bytes(figure)),
        (".webp", to_webp_bytes(figure, dpi, limit)),
    ):
        write_picture(stem.with_name(stem.name + suffix), content)
