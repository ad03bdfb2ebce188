"""The input that a unit of the last hidden layer likes best, with and without priors, beside the examples that it likes."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from repdyn.activations.answers import array
from repdyn.attribution.exemplars import exemplar_likeness, exemplars
from repdyn.attribution.maximisation import maximise, unit_activation
from repdyn.attribution.natural import coloured, shifted
from repdyn.measures.subject import Subject
from repdyn.measures.table import entry
from repdyn.roles import unit_layers
from repdyn.seeds import derive


class Counts(NamedTuple):
    """Units, starts of each, examples that it is compared with, random inputs, pixels and draws of shifts, units shown."""

    units: int
    starts: int
    exemplars: int
    noise: int
    jitter: int
    shifts: int
    shown: int


def maximised(
    subject: Subject, training: Subject, step: int, counts: Counts
) -> tuple[list[dict], dict[str, np.ndarray]]:
    """The entries of maximised/*, and pictures of the units that gain most."""
    layer = unit_layers(subject.roles)[-1]
    model, outputs = subject.model(step), subject.examples(step)[layer].astype(np.float64)
    rng = np.random.default_rng(derive(*subject.key, "attribution units"))
    units = np.sort(rng.choice(outputs.shape[1], min(counts.units, outputs.shape[1]), replace=False))
    outputs = outputs[:, units]
    flat = training.inputs.flatten(1)
    radius = float(flat.norm(dim=1).median())
    noise = rng.standard_normal((counts.noise, flat.shape[1]), dtype=np.float32)
    noise *= radius / np.linalg.norm(noise, axis=1, keepdims=True)
    noise = torch.from_numpy(noise).to(subject.inputs).view(counts.noise, *subject.inputs.shape[1:])
    found, reached = maximise(
        unit_activation(model, layer, torch.from_numpy(np.repeat(units, counts.starts))),
        noise[: len(units) * counts.starts],
        radius,
    )
    reached = reached.view(-1, counts.starts)
    best = found.view(len(units), counts.starts, *noise.shape[1:])[torch.arange(len(units)), reached.argmax(1)]
    with torch.no_grad():
        chance = [
            unit_activation(model, layer, torch.full((counts.noise,), int(unit)))(noise).double() for unit in units
        ]
    highest = reached.amax(1).double().numpy()
    alive = np.where((outputs.max(0) > 0) & (highest > 0), 1.0, np.nan)
    top, chance = outputs.max(0) * alive, torch.stack(chance, 1).numpy()
    centred = array(subject.inputs.flatten(1) - flat.mean(0))
    likeness = exemplar_likeness(array(best.flatten(1)), centred, outputs, min(counts.exemplars, len(outputs)))
    gain = entry(step, layer, "maximised/gain", highest / top, chance.mean(0) / top, chance.std(0, ddof=1) / top)
    cosine = entry(step, layer, "maximised/cosine", *(column * alive for column in likeness))
    picked = np.argsort(-np.nan_to_num(highest / top), kind="stable")[: counts.shown]
    pictures = {"maximised": array(best[picked]), "exemplar": array(subject.inputs[exemplars(outputs, 1)[0, picked]])}
    entries = [gain, cosine]
    if noise.ndim == 4 and step == subject.grid[-1]:
        natural, reached, chance = _natural(model, layer, torch.from_numpy(units), noise, radius, counts, rng)
        alive = np.where(reached > 0, alive, np.nan)
        likeness = exemplar_likeness(array(natural.flatten(1)), centred, outputs, min(counts.exemplars, len(outputs)))
        scaled = (each * alive / top for each in (reached, chance.mean(0), chance.std(0, ddof=1)))
        entries.append(entry(step, layer, "maximised/natural_gain", *scaled))
        entries.append(entry(step, layer, "maximised/natural_cosine", *(column * alive for column in likeness)))
        pictures["natural"] = array(natural[picked])
    return [row | {"unit": units} for row in entries], pictures


def _natural(
    model: nn.Module, layer: str, units: torch.Tensor, noise: torch.Tensor, radius: float, counts: Counts, rng
) -> tuple:
    """Of every unit (k,) its best image under the priors, the activation there, and that of coloured noise (n, k)."""
    shifts = torch.from_numpy(rng.integers(-counts.jitter, counts.jitter + 1, (counts.shifts, 2)))
    activation = unit_activation(model, layer, units)
    found = maximise(shifted(lambda x: activation(coloured(x)), shifts), noise[: len(units)], radius)[0]

    def scaled(images):
        return images * (radius / images.flatten(1).norm(dim=1)).view(-1, 1, 1, 1)

    best, random = scaled(coloured(found)), scaled(coloured(noise))
    with torch.no_grad():
        chance = [
            unit_activation(model, layer, torch.full((counts.noise,), int(unit)))(random).double() for unit in units
        ]
        return best, array(activation(best).double()), torch.stack(chance, 1).numpy()
