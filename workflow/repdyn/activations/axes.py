"""Which axis of an activation holds the examples and which the units: known from the module, declared, or asked for."""

import torch
from torch import nn

from repdyn.activations.addresses import Address, inner
from repdyn.activations.heads import NAMES
from repdyn.errors import StudyError

# Units on axis 1, as (n, channels, ...), whatever comes in.
CHANNELS = (
    nn.modules.conv._ConvNd,
    nn.modules.batchnorm._BatchNorm,
    nn.modules.instancenorm._InstanceNorm,
    nn.GroupNorm,
)
CHANNELS += tuple(
    getattr(nn, f"{kind}Pool{d}d") for kind in ("Max", "Avg", "AdaptiveAvg", "AdaptiveMax") for d in (1, 2, 3)
)
# Units on the last axis.
FEATURES = (nn.Linear, nn.Bilinear, nn.Embedding, nn.EmbeddingBag, nn.MultiheadAttention, nn.RNNBase, nn.RNNCellBase)
FEATURES += (nn.Transformer, nn.TransformerEncoder, nn.TransformerDecoder)
FEATURES += (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)
# As what came in: told by what stands before them in an nn.Sequential.
ALIKE = (nn.Identity, nn.modules.dropout._DropoutNd, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU)
ALIKE += (nn.SiLU, nn.Mish, nn.Sigmoid, nn.Tanh, nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid, nn.Softplus, nn.Softsign)


def unit_axis(model: nn.Module, place: Address, output: torch.Tensor) -> int:
    """The axis of the units of an output with its examples first.

    A module of one's own declares it by an attribute `unit_axis`. StudyError that asks where nothing tells.
    """
    if place.units is not None:
        axis = place.units + output.ndim if place.units < 0 else place.units
        if not 1 <= axis < output.ndim:
            raise StudyError(
                f"the output of {place.path} is {tuple(output.shape)}, examples first; its units are on an axis from 1 to"
                f" {output.ndim - 1}, not {place.units}"
            )
        return axis
    if output.ndim < 2:
        raise StudyError(f"the output of {place.path} is {tuple(output.shape)}: it has no axis of units")
    if output.ndim == 2:
        return 1
    known = _known(inner(model), place.path)
    if known is None:
        raise StudyError(
            f"the output of {place.path} is {tuple(output.shape)}, and nothing tells which axis holds its units: give"
            f" Address({place.path!r}, units=1) for channels first, units=-1 for features last"
        )
    return known % output.ndim


def example_axis(model: nn.Module, place: Address, ndim: int) -> int:
    """The axis of the examples of an output, 0 unless its module is said to be time first.

    What stands inside a module with batch_first=False is time first too; elsewhere in a model with such a module nobody
    can know: StudyError asks.
    """
    if place.examples is not None:
        return place.examples
    if ndim < 2:
        return 0
    model = inner(model)
    names = place.path.split(".")
    if names[-1] in NAMES and isinstance(model.get_submodule(".".join(names[:-1])), nn.MultiheadAttention):
        return 0
    for depth in range(len(names), 0, -1):
        module = model.get_submodule(".".join(names[:depth]))
        if isinstance(module, nn.RNNBase) and place.output not in (0, None):
            return 1
        first = _batch_first(module)
        if first is not None:
            return 0 if first or ndim < 3 else 1
    if ndim < 3 or isinstance(model.get_submodule(place.path), CHANNELS):
        return 0
    if any(_batch_first(module) is False for module in model.modules()):
        raise StudyError(
            f"{type(model).__name__} has modules with batch_first=False, so the examples of {place.path} may be on axis 0 or"
            f" 1: give Address({place.path!r}, examples=...)"
        )
    return 0


def _batch_first(module: nn.Module) -> bool | None:
    # By the instance's own dictionaries: nn.Module's way to say that it has no such attribute is slow enough to show.
    if isinstance(module, nn.TransformerEncoder | nn.TransformerDecoder) and len(module.layers):
        module = module.layers[0]
    first = vars(module._modules.get("self_attn") or module).get("batch_first")
    return first if isinstance(first, bool) else None


def _known(model: nn.Module, path: str) -> int | None:
    module = model.get_submodule(path)
    declared = getattr(module, "unit_axis", None)
    if isinstance(declared, int):
        return declared
    if isinstance(module, CHANNELS):
        return 1
    if isinstance(module, FEATURES):
        return -1
    if isinstance(module, nn.LayerNorm | nn.RMSNorm):
        return -1 if len(module.normalized_shape) == 1 else None
    if type(module) is nn.Sequential and len(module):
        return _known(model, f"{path}.{list(module._modules)[-1]}")
    return _before(model, path) if isinstance(module, ALIKE) else None


def _before(model: nn.Module, path: str) -> int | None:
    """The axis of what comes in, where that is the output of the module before in an nn.Sequential."""
    parent, _, name = path.rpartition(".")
    around = model.get_submodule(parent)
    if type(around) is not nn.Sequential:
        return None
    siblings = list(around._modules)
    at = siblings.index(name)
    if at:
        return _known(model, f"{parent}.{siblings[at - 1]}".lstrip("."))
    return _before(model, parent) if parent else None
