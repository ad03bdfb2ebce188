"""What the arguments of steps may be. A step that is run by hand refuses others in a sentence, as the workflow does."""

from argparse import ArgumentTypeError
from collections.abc import Callable
from math import inf, isfinite
from pathlib import Path


def to_path(text: str) -> Path:
    if not text or not text.isprintable():
        raise ArgumentTypeError(f"{text!r}; a path is needed, of characters that are printed")
    return Path(text)


def whole(least: int) -> Callable[[str], int]:
    """Whole numbers from `least` on."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value < 2**63:
            raise ArgumentTypeError(f"{text!r}; a whole number of at least {least} is needed")
        return value

    return number


def between(low: float, high: float = inf) -> Callable[[str], float]:
    """Numbers from `low` to `high`, finite."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = inf
        if not (isfinite(value) and low <= value <= high):
            limits = f"from {low:g} to {high:g}" if isfinite(high) else f"of at least {low:g}"
            raise ArgumentTypeError(f"{text!r}; a number {limits} is needed")
        return value

    return number
