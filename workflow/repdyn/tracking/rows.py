"""Representation matrices of any layer: rows are examples, or tokens of a sequence; columns are units."""

import numpy as np
import torch

from repdyn.errors import StudyError
from repdyn.seeds import derive


class Rows:
    """Which rows of every layer are kept. limit: tokens or positions at most, the same of every network and step.

    valid: bool tensor, (examples, length), of what is no padding; by default all.
    """

    def __init__(self, limit: int, valid: torch.Tensor | None = None):
        self.limit = limit
        self.valid = None if valid is None else valid.detach().cpu().bool()
        self.known: dict[tuple[int, ...], torch.Tensor | None] = {}

    def matrix(self, name: str, output: torch.Tensor, channels_first: bool) -> torch.Tensor:
        """Output of a layer as (rows, units), in single precision at least and sharing no memory with it.

        Channels (n, c, ...) are averaged over space. Units on the last axis: all axes before are rows; of a sequence those
        kept.
        """
        if channels_first:
            values = output.flatten(2).mean(2) if output.ndim > 2 else output
        else:
            values = output.flatten(0, -2)
            kept = self._kept(name, tuple(output.shape[:-1]))
            if kept is not None:
                values = values[kept.to(values.device)]
        wide = values if values.dtype in (torch.float32, torch.float64) else values.float()
        # A copy, because an operation in place may follow.
        return wide.detach().to("cpu", copy=True)

    def _kept(self, name: str, shape: tuple[int, ...]) -> torch.Tensor | None:
        if len(shape) < 2:
            return None
        if shape not in self.known:
            if self.valid is None:
                rows = np.arange(int(np.prod(shape)))
            elif shape in (tuple(self.valid.shape), tuple(self.valid.T.shape)):
                fits = self.valid if shape == tuple(self.valid.shape) else self.valid.T
                rows = fits.flatten().nonzero()[:, 0].numpy()
            else:
                raise StudyError(
                    f"valid is {tuple(self.valid.shape)}, examples and positions, and the output of layer {name!r} has"
                    f" {shape}; leave it out, or name layers that have these positions."
                )
            if len(rows) > self.limit:
                chosen = np.random.default_rng(derive("token rows")).choice(rows, self.limit, replace=False)
                rows = np.sort(chosen)
            self.known[shape] = None if len(rows) == np.prod(shape) else torch.from_numpy(rows)
        return self.known[shape]
