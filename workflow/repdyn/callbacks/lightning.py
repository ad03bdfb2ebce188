"""Tracking in PyTorch Lightning: `Trainer(callbacks=[TrackerCallback(probe, every=10)])`, then `callback.tracker`."""

from collections.abc import Sequence
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from repdyn.errors import StudyError
from repdyn.tracking.probe import Probe, moved
from repdyn.tracking.tracker import Tracker


class TrackerCallback(Callback):
    """Measures a module before every `every`-th update, with the loss of the batch, and once at the end of the training.

    probe, layers: as for `tracking.tracker.Tracker`; the probe is moved to the module's device, and read by the module's
    `forward`. `tracker` is there once training has begun. Of several processes the first one measures.
    """

    def __init__(self, probe: Probe, every: int = 1, layers: Sequence[str] | None = None):
        if every < 1:
            raise StudyError(f"every is {every}; it is a number of updates, 1 or more.")
        self.probe, self.every, self.layers = probe, every, layers
        self.tracker: Tracker | None = None
        self._loss = float("nan")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.is_global_zero and self.tracker is None:
            self.tracker = Tracker(pl_module, moved(self.probe, pl_module.device), self.layers)

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: torch.Tensor) -> None:
        self._loss = float(loss.detach())

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        if self.tracker is not None and trainer.global_step % self.every == 0:
            self.tracker.measure(trainer.global_step, self._loss)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.tracker is not None and trainer.global_step not in self.tracker.losses["step"].to_numpy():
            self.tracker.measure(trainer.global_step)
