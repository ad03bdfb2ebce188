"""Principal components as the baseline of a sparse autoencoder: as many numbers per row, but the same for all rows."""

from collections.abc import Callable

import numpy as np
import torch

from repdyn.errors import StudyError
from repdyn.statistics.components import principal_components


def principal(x: np.ndarray, count: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """The projection of rows (., d) on the mean and the first `count` principal components of x (n, d).

    StudyError unless 0 <= count <= d.
    """
    if not 0 <= count <= x.shape[1]:
        raise StudyError(f"of {x.shape[1]} activations there are 0 to {x.shape[1]} components, not {count}")
    mean = x.mean(0, dtype=np.float64)
    rows = x - mean
    directions = principal_components(rows, count)[1]
    onto = torch.from_numpy(directions @ directions.T).float()
    centre = torch.from_numpy(mean).float()
    return lambda rows: (rows - centre.to(rows)) @ onto.to(rows) + centre.to(rows)
