"""What a layer is to its network: the network declares it in `roles`, and nobody reads it off a name.

`roles` is {layer: role}, module paths in the order of the forward pass. Tables carry names of layers; `with_roles` puts the
roles beside them.
"""

from collections.abc import Mapping

import pandas as pd

from repdyn.errors import StudyError

INPUT = "input"  # the data, where they are looked at like a layer
EMBEDDING = "embedding"  # what enters the first layer of a network that embeds its input
HIDDEN = "hidden"  # units or channels after their nonlinearity; all that follows reads them
ATTENTION = "attention"  # what attention adds to the state of a block
FEEDFORWARD = "feedforward"  # units inside a block, after their nonlinearity
BLOCK = "block"  # the state after a block; all that follows reads it
OUTPUT = "output"  # the logits
ROLES = (INPUT, EMBEDDING, HIDDEN, ATTENTION, FEEDFORWARD, BLOCK, OUTPUT)


def layers_with(roles: Mapping[str, str], *wanted: str) -> list[str]:
    """The layers that have one of the wanted roles, in order."""
    return [layer for layer, role in roles.items() if role in wanted]


def inner_layers(roles: Mapping[str, str]) -> list[str]:
    """The layers between the input, embedded or not, and the logits."""
    return layers_with(roles, HIDDEN, ATTENTION, FEEDFORWARD, BLOCK)


def state_layers(roles: Mapping[str, str]) -> list[str]:
    """The inner layers through which everything passes: hidden layers and the outputs of blocks."""
    return layers_with(roles, HIDDEN, BLOCK)


def unit_layers(roles: Mapping[str, str]) -> list[str]:
    """The inner layers whose units follow a nonlinearity, so that a unit has a meaning by itself."""
    return layers_with(roles, HIDDEN, FEEDFORWARD)


def output_layer(roles: Mapping[str, str]) -> str:
    """The layer of the logits. StudyError unless there is exactly one."""
    found = layers_with(roles, OUTPUT)
    if len(found) != 1:
        raise StudyError(f"A network declares one layer with the role {OUTPUT!r}; this one declares {found or 'none'}.")
    return found[0]


def check_roles(roles: Mapping[str, str]) -> None:
    """StudyError for a role that there is not, naming the layer."""
    for layer, role in roles.items():
        if role not in ROLES:
            raise StudyError(f"The role of layer {layer!r} is {role!r}; a role is one of {', '.join(ROLES)}.")


def with_roles(table: pd.DataFrame, roles: Mapping[str, str]) -> pd.DataFrame:
    """A table of one network with a column `role` beside `layer`: "" for what is no layer with a role, such as a head.

    The data themselves stand under the name of their role.
    """
    known = {INPUT: INPUT, **roles}
    return table.assign(role=table["layer"].astype(object).map(known).fillna(""))
