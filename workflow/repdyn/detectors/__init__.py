"""Jump detectors, one a file, with one verb: detect(values (T,), ...) -> indices (K,) int64, ascending.

An index is that of the last measurement before the jump: the change lies between index and index + 1, as the
column `before` of `jumps.describe_jumps`. A series that is not evaluable (NaN, constant, too short) has no
indices; `evaluable` tells it from a quiet one.
"""

from repdyn.detectors import changepoints, cusum, levelshift, robust_z, zscore
from repdyn.detectors.checks import evaluable

DETECTORS = {
    "levelshift": levelshift.detect,
    "zscore": zscore.detect,
    "robust_z": robust_z.detect,
    "changepoints": changepoints.detect,
    "cusum": cusum.detect,
}
DEFAULT = "levelshift"

__all__ = ["DEFAULT", "DETECTORS", "evaluable"]
