"""Jump detectors, one per file, with one verb: detect(values (T,), ...) -> indices (K,) int64, ascending.

An index is that of the last measurement before the jump: the change lies between index and index + 1, as the
column `before` of `jumps.describe_jumps`. A series that is not evaluable (NaN, constant, too short) has no
indices; `evaluable` tells it from a quiet one.
"""

from collections.abc import Callable
from functools import partial

from repdyn.detectors import changepoints, cusum, levelshift, robust_z, zscore
from repdyn.detectors.checks import evaluable

DEFAULT = "levelshift"


def detectors(level: float) -> dict[str, Callable]:
    """`detect` of every detector by name; the default one, which alone declares an error, at that level."""
    return {
        DEFAULT: partial(levelshift.detect, alpha=level),
        "zscore": zscore.detect,
        "robust_z": robust_z.detect,
        "changepoints": changepoints.detect,
        "cusum": cusum.detect,
    }


__all__ = ["DEFAULT", "detectors", "evaluable"]
