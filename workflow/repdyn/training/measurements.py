"""The dimensionality of layers, measured in batches of representation matrices of one shape."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from repdyn.spectrum import FULL, LEADING, full_measures, leading_measures

MEASURES = tuple(name + suffix for suffix in ("", "_uncentred") for name in LEADING + FULL)

# Bytes of representations that wait to be measured together: enough to share the cost of calls, few enough for the cache.
BUFFER = 4 * 2**20


class Measurements:
    """What was measured of the layers of one network, step by step.

    Matrices wait until some have come together, because measuring many small ones at once is cheaper. spectrum_every: steps
    between full spectra; the leading measures are taken at every measurement.
    """

    def __init__(self, layers: Sequence[str], spectrum_every: int = 1):
        self.layers = list(layers)
        self.spectrum_every = spectrum_every
        self.values: dict[str, dict[tuple[int, int], float]] = {name: {} for name in MEASURES}
        self.waiting: list[tuple[int, int, torch.Tensor]] = []
        self.bytes = 0

    def add(self, step: int, matrices: Sequence[torch.Tensor]) -> None:
        """The matrices (rows, units) of all layers at a step, on the CPU."""
        self.waiting += [(step, depth, matrix) for depth, matrix in enumerate(matrices)]
        self.bytes += sum(matrix.nbytes for matrix in matrices)
        if self.bytes > BUFFER:
            self.flush()

    def flush(self) -> None:
        """Measure the matrices that wait."""
        groups: dict[tuple[torch.Size, torch.dtype], list[tuple[int, int, torch.Tensor]]] = {}
        for step, depth, matrix in self.waiting:
            groups.setdefault((matrix.shape, matrix.dtype), []).append((step, depth, matrix))
        for group in groups.values():
            steps, depths, matrices = zip(*group, strict=True)
            self._record(leading_measures(torch.stack(matrices)), steps, depths)
            due = [i for i, step in enumerate(steps) if step % self.spectrum_every == 0]
            if due:
                full = full_measures(torch.stack([matrices[i] for i in due]))
                self._record(full, [steps[i] for i in due], [depths[i] for i in due])
        self.waiting, self.bytes = [], 0

    def _record(self, measures: dict[str, np.ndarray], steps: Sequence[int], depths: Sequence[int]) -> None:
        for name, values in measures.items():
            self.values[name].update(zip(zip(steps, depths, strict=True), values.tolist(), strict=True))

    def trajectory(self) -> pd.DataFrame:
        """step, layer, depth and MEASURES: a row per step and layer, in order."""
        self.flush()
        keys = sorted(self.values[MEASURES[0]])
        table = pd.DataFrame(keys, columns=["step", "depth"])
        table.insert(1, "layer", [self.layers[depth] for depth in table["depth"]])
        for name, values in self.values.items():
            table[name] = np.array([values.get(key, np.nan) for key in keys], dtype=float)
        return table

    def restore(self, trajectory: pd.DataFrame) -> None:
        """Continue from the trajectory of an interrupted run."""
        keys = list(zip(trajectory["step"].tolist(), trajectory["depth"].tolist(), strict=True))
        self.values = {name: dict(zip(keys, trajectory[name].tolist(), strict=True)) for name in MEASURES}
