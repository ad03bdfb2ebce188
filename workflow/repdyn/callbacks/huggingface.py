"""Tracking in the Hugging Face Trainer: `Trainer(..., callbacks=[TrackerCallback(probe)])`, then `callback.tracker`."""

from collections.abc import Sequence
from typing import Any

from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from repdyn.errors import StudyError
from repdyn.tracking.probe import Probe, moved
from repdyn.tracking.tracker import Tracker


class TrackerCallback(TrainerCallback):
    """Measures a model before every `every`-th update and once at the end of the training.

    probe, layers: as for `tracking.tracker.Tracker`; the probe is moved to the model's device, and rows are the tokens that
    its "attention_mask" keeps. `tracker` is there once training has begun. Of several processes the first one measures. The
    Trainer does not tell callbacks the loss of a batch: statistics on the loss are NaN.
    """

    def __init__(self, probe: Probe, every: int = 1, layers: Sequence[str] | None = None):
        if every < 1:
            raise StudyError(f"every is {every}; it is a number of updates, 1 or more.")
        self.probe, self.every, self.layers = probe, every, layers
        self.tracker: Tracker | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, model: nn.Module, **_: Any
    ) -> None:
        if state.is_world_process_zero and self.tracker is None:
            device = next(model.parameters()).device
            self.tracker = Tracker(model, moved(self.probe, device), self.layers)

    def on_pre_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self.tracker is not None and state.global_step % self.every == 0:
            self.tracker.measure(state.global_step)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self.tracker is not None and state.global_step not in self.tracker.losses["step"].to_numpy():
            self.tracker.measure(state.global_step)
