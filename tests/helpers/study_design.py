"""The study's own design: 55 experiments of 15 architectures, of which 8 on one set of four datasets and 7 on others."""

import numpy as np

ARCHITECTURES = np.array(
    [*np.repeat(np.arange(8), 4), *np.repeat(np.arange(8, 11), 3), *np.repeat(np.arange(11, 14), 4), 14, 14]
)
DATASETS = np.array([*np.tile([0, 1, 2, 3], 8), *np.tile([0, 1, 4], 3), *np.tile([0, 1, 4, 2], 3), 0, 2])
EXPERIMENTS = len(ARCHITECTURES)
