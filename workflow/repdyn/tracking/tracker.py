"""The tracker of any network: measured on a probe between the steps of whatever trains it, which it leaves as it was."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from repdyn.errors import StudyError
from repdyn.models.calls import hooked
from repdyn.models.entries import take
from repdyn.models.layers import find_layers, named_layers
from repdyn.models.modes import evaluating
from repdyn.roles import inner_layers
from repdyn.study.candidates import find_candidates, verify
from repdyn.study.phase1 import Phase1, Settings, analyse
from repdyn.tracking.probe import Probe, batch_of, call, tensors_of
from repdyn.tracking.rows import Rows
from repdyn.training.measurements import MEASURES, Measurements

# Those of the study, config/config.yaml; a test keeps the two equal.
STATISTICS = Settings(threshold=2.0, window=20, tolerance=0.1, quantile=0.9, surrogates=1000, level=0.05)


class Tracker:
    """Dimensionality of the layers of a network while it learns.

    model: any module. probe: held-out examples, on the model's device: a tensor, a tuple of tensors (arguments of the
    model), a dictionary of tensors (named arguments), or a function that returns one of these, called at every
    measurement; two examples at least. layers: paths of modules ("encoder.layers.0"), with ":entry" behind for an
    output that is a tuple or a dictionary ("encoder:1"); by default they are found (`models.layers` says how).
    token_limit: rows of a sequence, a fixed subset as large as this at most. valid: bool (examples, length), of which
    positions are no padding; by default the probe's "attention_mask" if it has one, else all.

    The model's mode, gradients, buffers and the random state are after a measurement what they were before it.
    Attributes: `layers`, their names in the order of the forward pass; `roles`, {name: role}.
    """

    def __init__(
        self,
        model: nn.Module,
        probe: Probe,
        layers: Sequence[str] | None = None,
        token_limit: int = 1024,
        valid: torch.Tensor | None = None,
    ):
        self.model = model
        self._probe = probe
        batch = batch_of(probe, model)
        examples = len(tensors_of(batch)[0])
        mask = batch.get("attention_mask") if isinstance(batch, dict) else None
        self._rows = Rows(token_limit, mask if valid is None and mask is not None and mask.ndim == 2 else valid)
        if isinstance(layers, str):
            raise StudyError(f"layers is a list of names, such as [{layers!r}].")
        with self._undisturbed():
            if layers is None:
                found = find_layers(model, lambda: call(model, batch), examples)
            else:
                found = named_layers(model, lambda: call(model, batch), list(layers))
        if not found:
            raise StudyError(
                f"{type(model).__name__} has no layers to track: no module with weights inside it runs once in a forward"
                f" pass and returns a tensor with the {examples} examples of the probe on its first axis. Name them:"
                " layers=[...], paths as in model.named_modules()."
            )
        self._found = found
        self.layers = list(found)
        self.roles = {name: layer.role for name, layer in found.items()}
        self._measurements = Measurements(self.layers)
        self._losses: dict[int, float] = {}

    def measure(self, step: int, loss: float = np.nan) -> None:
        """Record the layers as they are before update `step`, and a loss if there is one. Steps rise.

        StudyError for a step that does not, and a layer that does not run as it did at first.
        """
        step = int(step)
        if self._losses and step <= next(reversed(self._losses)):
            raise StudyError(f"Step {step} does not come after step {next(reversed(self._losses))}, the last measured.")
        self._measurements.add(step, list(self.representations().values()))
        self._losses[step] = float(loss)

    def representations(self) -> dict[str, torch.Tensor]:
        """{layer: matrix (rows, units)} of the network as it is, on the CPU.

        Rows are examples, channels averaged over space; of a sequence they are tokens, a fixed subset.
        """
        kept: dict[str, torch.Tensor] = {}
        by_path: dict[str, list[str]] = {}
        for name, layer in self._found.items():
            by_path.setdefault(layer.path, []).append(name)

        def hook(names: list[str]) -> Callable[..., None]:
            def keep(module: nn.Module, inputs: Any, options: Any, output: Any) -> None:
                for name in names:
                    layer = self._found[name]
                    kept[name] = self._rows.matrix(name, take(output, layer.entry), layer.channels_first)

            return keep

        modules = dict(self.model.named_modules())
        with self._undisturbed(), hooked(modules, {path: hook(names) for path, names in by_path.items()}, {}):
            call(self.model, batch_of(self._probe, self.model))
        missing = [name for name in self.layers if name not in kept]
        if missing:
            raise StudyError(f"Layer {missing[0]!r} did not run in this forward pass, as it did when tracking began.")
        return {name: kept[name] for name in self.layers}

    @property
    def trajectory(self) -> pd.DataFrame:
        """A row per step and layer: step, layer, depth (0 is nearest the input) and every metric, centred and uncentred."""
        return self._measurements.trajectory()

    @property
    def losses(self) -> pd.DataFrame:
        """step and probe_loss, the losses given to `measure`, NaN where none was."""
        return pd.DataFrame({"step": list(self._losses), "probe_loss": list(self._losses.values())})

    def statistics(
        self,
        metric: str = "participation_ratio",
        total_steps: int | None = None,
        settings: Settings = STATISTICS,
        key: tuple[str | int, ...] = ("tracked",),
    ) -> Phase1:
        """Convergence, jumps, critical steps, coordination and coupling to the loss of one metric; see `study.phase1`.

        total_steps: planned length of the training, by default the last step. key: names the run for the seeds of its nulls.
        A jump happens within one training step. Where not every step was measured, that cannot be seen, and every
        candidate is counted as a jump, with `share` NaN.
        """
        self._check(metric)
        trajectory = self.trajectory
        steps = np.unique(trajectory["step"])
        last = int(steps[-1])
        total = max(total_steps or last, 1)
        candidates = find_candidates(trajectory, metric, key, total, settings.level, settings.surrogates)
        if len(steps) == last + 1:
            candidates = verify(candidates, trajectory, 1, last)
        else:
            candidates = candidates.assign(jump=True, share=np.nan)
        return analyse(trajectory, self.losses, candidates, metric, key, total, settings)

    def plot(self, metric: str = "participation_ratio") -> Any:
        """A matplotlib figure: the metric of every layer against the step, dark to light from the input on."""
        from repdyn.tracking.plot import layer_lines

        self._check(metric)
        return layer_lines(self.trajectory, metric, inner_layers(self.roles))

    def _check(self, metric: str) -> None:
        if metric not in MEASURES:
            raise StudyError(f"{metric!r} is not measured; metrics are {', '.join(MEASURES)}.")
        if not self._losses:
            raise StudyError("Nothing was measured yet: call tracker.measure(step) in the training loop.")

    @contextmanager
    def _undisturbed(self) -> Iterator[None]:
        devices = {each.device for each in self.model.parameters() if each.device.type == "cuda"}
        with torch.random.fork_rng(devices=list(devices)), torch.no_grad(), evaluating(self.model):
            yield
