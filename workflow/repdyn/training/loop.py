"""Training whose every step is a function of (key, seed, step) and the state before it, so that it can be replayed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from repdyn.errors import require_indices
from repdyn.models import build
from repdyn.models.dropout import dropout_layers, seed_dropout
from repdyn.seeds import derive
from repdyn.training.adam import Adam
from repdyn.training.devices import seed_draws


@dataclass(frozen=True)
class Recipe:
    """How a run is trained. key: names the run for its seeds, e.g. ("mlp_wide-digits", 0)."""

    key: tuple
    steps: int
    batch_size: int
    learning_rate: float


def initialise(architecture: dict, recipe: Recipe, **shape) -> nn.Module:
    """The network of a run at step 0; `shape` as for `models.build`."""
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(derive(*recipe.key, "init"))
        return build(architecture, **shape)


def standardise(inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """All splits minus the mean of the training split, over its standard deviation; one number each for all entries.

    Token ids stay as they are. Pixels in [0, 1] are small against the positions of a transformer, and a deep one does
    not learn from them.
    """
    train = inputs["train"]
    if train.dtype == torch.int64:
        return inputs
    mean, deviation = train.mean(), train.std()
    return {split: (values - mean) / deviation for split, values in inputs.items()}


def make_optimizer(model: nn.Module, recipe: Recipe) -> Adam:
    """Adam with the recipe's learning rate."""
    return Adam(model.parameters(), recipe.learning_rate)


def train_steps(
    model: nn.Module, optimizer: Adam, inputs: torch.Tensor, labels: torch.Tensor, recipe: Recipe, start: int = 0
) -> Iterator[tuple[int, float]]:
    """Yield (step, loss) for steps start..recipe.steps, each before its update.

    At the yield the weights are those after `step` updates and `.grad` holds the gradient of the batch drawn at `step`.
    After the last yield (step == recipe.steps) nothing is updated. Stops after a loss that is not finite. Runs where model,
    inputs and labels are; batches and dropout are drawn on the CPU and so the same everywhere. A module that draws from
    torch's generator (none of `repdyn.models` does) finds that of the device seeded at every step.
    """
    model.train()
    dropouts = dropout_layers(model)
    order, epoch = None, None
    per_epoch = len(inputs) // recipe.batch_size
    for step in range(start, recipe.steps + 1):
        if step // per_epoch != epoch:
            epoch = step // per_epoch
            drawn = np.random.default_rng(derive(*recipe.key, "order", epoch)).permutation(len(inputs))
            order = torch.from_numpy(drawn).to(inputs.device)
        position = step % per_epoch * recipe.batch_size
        batch = order[position : position + recipe.batch_size]
        seed_dropout(dropouts, *recipe.key, step)
        seed_draws(inputs.device, derive(*recipe.key, "draws", step))
        logits = model(inputs.index_select(0, batch))
        if step == start:
            require_indices("labels", labels.cpu(), logits.shape[1])
        loss = cross_entropy(logits, labels.index_select(0, batch))
        optimizer.zero_grad()
        loss.backward()
        value = loss.item()
        yield step, value
        if not np.isfinite(value):
            return
        if step < recipe.steps:
            optimizer.step()


def checkpoint_steps(steps: int, every: int) -> list[int]:
    """The checkpoint grid: 0, 1, 2, 4, ... below `every`, then every `every` steps, and the last step."""
    powers = [2**k for k in range(every.bit_length()) if 2**k < every]
    return sorted({0, *(p for p in powers if p <= steps), *range(every, steps + 1, every), steps})


def get_state(model: nn.Module, optimizer: Adam) -> dict[str, torch.Tensor]:
    """Weights ("model/...") and optimizer state ("optimizer/...") as contiguous copies on the CPU."""
    tensors = {f"model/{name}": value for name, value in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        for item, value in optimizer.state.get(parameter, {}).items():
            tensors[f"optimizer/{name}/{item}"] = value
    return {
        name: value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        for name, value in tensors.items()
    }


def set_state(model: nn.Module, optimizer: Adam | None, tensors: dict[str, torch.Tensor]) -> None:
    """Put a state made by `get_state` back, bit for bit, on the device of the model.

    Raises RuntimeError where names or shapes do not fit.
    """
    weights = {name.removeprefix("model/"): value for name, value in tensors.items() if name.startswith("model/")}
    model.load_state_dict(weights)
    if optimizer is None:
        return
    optimizer.state.clear()
    for name, parameter in model.named_parameters():
        prefix = f"optimizer/{name}/"
        saved = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        if saved:
            # The fused kernel walks memory, so moments take the strides of their parameter.
            optimizer.state[parameter] = {
                item: value.to(parameter.device, copy=True)
                if value.ndim == 0
                else torch.empty_like(parameter).copy_(value).detach()
                for item, value in saved.items()
            }


def replay(
    model: nn.Module,
    optimizer: Adam,
    inputs: torch.Tensor,
    labels: torch.Tensor,
    recipe: Recipe,
    start: int,
    target: int,
) -> None:
    """Advance a model whose state is that of step `start` to step `target`, as the original run did."""
    for step, _ in train_steps(model, optimizer, inputs, labels, recipe, start):
        if step == target:
            return
    raise ValueError(f"step {target} is not reached from step {start}: the run stops at {step}")
