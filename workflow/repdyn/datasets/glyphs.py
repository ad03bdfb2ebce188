"""Ten capital letters rendered from the fonts that matplotlib ships, with random affine jitter."""

from functools import lru_cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from repdyn.datasets import SPLITS, Dataset, balanced_labels, generator, require_counts
from repdyn.errors import StudyError

LETTERS = "ABDEGKQRSW"
# One type foundry per split, so that no family, weight or slant of a design is seen in training.
FONTS = {
    "train": (
        "DejaVuSans.ttf",
        "DejaVuSans-Bold.ttf",
        "DejaVuSans-Oblique.ttf",
        "DejaVuSans-BoldOblique.ttf",
        "DejaVuSansMono.ttf",
        "DejaVuSansMono-Bold.ttf",
        "DejaVuSansMono-Oblique.ttf",
        "DejaVuSansMono-BoldOblique.ttf",
        "DejaVuSerif.ttf",
        "DejaVuSerif-Bold.ttf",
        "DejaVuSerif-Italic.ttf",
        "DejaVuSerif-BoldItalic.ttf",
    ),
    "probe": ("STIXGeneral.ttf", "STIXGeneralBol.ttf", "STIXGeneralItalic.ttf", "STIXGeneralBolIta.ttf"),
    "test": ("cmr10.ttf", "cmb10.ttf", "cmti10.ttf", "cmss10.ttf", "cmtt10.ttf"),
}
SIZE = 28
OVERSAMPLING = 4
CAP_HEIGHT = 14.0  # pixels of the final image, before jitter
ROTATION = 15.0  # degrees, largest either way
SCALE = 0.2  # largest relative change, each axis on its own
SHEAR = 0.2  # largest horizontal shift per unit of height
SHIFT = 2.0  # largest translation in pixels, each axis on its own


def load(seed: int, train: int = 1500, probe: int = 256, test: int = 500) -> Dataset:
    """Images (1, 28, 28) in [0, 1], white on black; class counts of a split differ by at most one.

    Raises StudyError if a font file is missing.
    """
    counts = dict(zip(SPLITS, (train, probe, test), strict=True))
    require_counts("glyphs", counts)
    inputs, labels = {}, {}
    for split, n in counts.items():
        rng = generator(seed, f"glyphs {split}")
        labels[split] = balanced_labels(rng, n, len(LETTERS))
        fonts = rng.integers(len(FONTS[split]), size=n)
        images = [
            jitter(master(FONTS[split][font], LETTERS[label]), rng)
            for font, label in zip(fonts, labels[split], strict=True)
        ]
        inputs[split] = np.stack(images)[:, None]
    return Dataset("glyphs", "image", tuple(LETTERS), inputs, labels)


@lru_cache(maxsize=512)
def master(font: str, letter: str) -> Image.Image:
    """The letter centred on a canvas of OVERSAMPLING times the final size, its capitals CAP_HEIGHT high."""
    canvas = SIZE * OVERSAMPLING
    face = typeface(font)
    left, top, right, bottom = face.getbbox(letter)
    image = Image.new("L", (canvas, canvas))
    position = ((canvas - left - right) / 2, (canvas - top - bottom) / 2)
    ImageDraw.Draw(image).text(position, letter, fill=255, font=face)
    return image


@lru_cache(maxsize=64)
def typeface(font: str) -> ImageFont.FreeTypeFont:
    """The font file shipped with matplotlib, at the size that makes its E CAP_HEIGHT high."""
    path = Path(matplotlib.get_data_path(), "fonts", "ttf", font)
    if not path.is_file():
        raise StudyError(f"font file {path} is missing: install matplotlib from the pinned list in envs/")
    trial = ImageFont.truetype(path, 200, layout_engine=ImageFont.Layout.BASIC)
    _, top, _, bottom = trial.getbbox("E")
    if bottom <= top:
        raise StudyError(f"font file {path} does not draw letters: choose another for dataset glyphs")
    size = round(200 * CAP_HEIGHT * OVERSAMPLING / (bottom - top))
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def jitter(image: Image.Image, rng: np.random.Generator) -> np.ndarray:
    """(28, 28) float32 in [0, 1]: the canvas under a random rotation, scale, shear and shift, downsampled."""
    angle = np.deg2rad(rng.uniform(-ROTATION, ROTATION))
    stretch = 1 + rng.uniform(-SCALE, SCALE, 2)
    slant = rng.uniform(-SHEAR, SHEAR)
    shift = rng.uniform(-SHIFT, SHIFT, 2) * OVERSAMPLING
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    inverse = np.linalg.inv(rotation @ np.array([[1, slant], [0, 1]]) @ np.diag(stretch))
    centre = SIZE * OVERSAMPLING / 2
    offset = centre - inverse @ (centre + shift)
    coefficients = (*inverse[0], offset[0], *inverse[1], offset[1])
    moved = image.transform(image.size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    return np.asarray(moved.reduce(OVERSAMPLING), dtype=np.float32) / 255
