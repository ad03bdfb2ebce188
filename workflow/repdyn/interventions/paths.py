"""Path patching: the part of a site's effect that goes to certain receivers and not through others (Goldowsky-Dill 2023)."""

from collections.abc import Sequence

import torch
from torch import nn

from repdyn.activations.addresses import Where, address, named
from repdyn.activations.answers import Inputs
from repdyn.errors import StudyError
from repdyn.interventions.patching import Site, activations, joined, patched, putting, whole


def path_patched(
    model: nn.Module,
    inputs: Inputs,
    donors: Inputs,
    senders: Sequence[Site],
    receivers: Sequence[Site] = (),
    frozen: Sequence[Where] = (),
) -> torch.Tensor:
    """Output of a run on inputs (n, ...) in which only the receivers hear of the senders' values on the donors (n, ...).

    First a run on inputs with the senders at the donors' values and the output of every frozen module as without them: it
    gives the receivers' values, reached over no path through a frozen module. Then a run on inputs with the receivers at
    these values, all else computed anew. Without receivers the first run's output: the direct effect on the output.
    Raises StudyError for a receiver that is frozen, or a sender that is or lies inside a frozen module.
    """
    mute = [named(site.path) for site in senders if any(_inside(site.path, path) for path in frozen)]
    deaf = [named(site.path) for site in receivers if site.path in frozen]
    if mute or deaf:
        raise StudyError(f"What is frozen can neither send nor receive: {', '.join(sorted({*mute, *deaf}))}.")
    donated = activations(model, donors, {site.path for site in senders})
    own = activations(model, inputs, frozen)
    sites = [*senders, *(whole(path) for path in frozen)]
    if not receivers:
        return patched(model, inputs, sites, donated | own)
    changes = {path: putting(path, mask, (donated | own)[path]) for path, mask in joined(sites).items()}
    heard = activations(model, inputs, {site.path for site in receivers}, changes)
    return patched(model, inputs, receivers, heard)


def _inside(one: Where, other: Where) -> bool:
    one, other = address(one), address(other)
    return f"{one.path}.".startswith(f"{other.path}.") and None in (one.call, other.call) or one == other
