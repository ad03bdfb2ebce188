"""Single units of feed-forward layers that are followed by others: on a stranger's encoder, planted, and on a null."""

import numpy as np
import pytest
import torch
from torch import nn

from helpers import stranger_models
from repdyn.activations.addresses import Address
from repdyn.measures.table import combine
from repdyn.roles import BLOCK, EMBEDDING, FEEDFORWARD, OUTPUT
from repdyn.seeds import derive
from repdyn.toolkit.interventions.lesions import unit_lesions
from repdyn.toolkit.interventions.measure import ablated_layers
from repdyn.toolkit.interventions.splits import split_of
from repdyn.toolkit.own_model import subjects

HIDDEN = [Address(f"encoder.layers.{number}.dropout", units=-1) for number in (0, 1)]
ROLES = {"embed": EMBEDDING, HIDDEN[0]: FEEDFORWARD, "encoder.layers.0": BLOCK, HIDDEN[1]: FEEDFORWARD,
         "encoder.layers.1": BLOCK, "head": OUTPUT}  # fmt: skip
N = 30


def encoder(change=lambda state: None):
    """nn.TransformerEncoder of two layers on texts without padding, its checkpoints changed."""
    model = stranger_models.made(stranger_models.Encoder).double().eval()
    sides = [
        (torch.from_numpy(rng.integers(1, 12, (N, 6))), torch.from_numpy(np.arange(N) % 3))
        for rng in map(np.random.default_rng, (0, 1))
    ]
    state = {name: value.clone() for name, value in model.state_dict().items()}
    change(state)
    return subjects(model, {0: model.state_dict(), 10: state}, *sides, ROLES)


def lesioned(held_out, training):
    splits = [split_of(subject, N, "rows") for subject in (held_out, training)]
    return combine(unit_lesions(held_out, 10, ablated_layers(held_out), *splits))


def test_every_unit_of_an_earlier_layer_of_a_strangers_encoder_equals_a_plain_pass():
    held_out, training = encoder()
    table = lesioned(held_out, training)
    assert ablated_layers(held_out) == HIDDEN[1:]
    assert set(table["layer"]) == {"encoder.layers.0.dropout"} and set(table["quantity"]) == {"earlier_unit_loss"}
    model = held_out.model(10)
    known = {}
    second = model.encoder.layers[0].linear2
    handle = second.register_forward_pre_hook(lambda _, given: known.update(h=given[0]))
    model(training.inputs)
    handle.remove()
    rng = np.random.default_rng(derive(*held_out.key, "interventions lesions", "encoder.layers.0.dropout"))
    donors = known["h"][rng.integers(N, size=N)].detach()

    def loss(unit=None):
        def put(_, given):
            h = given[0].clone()
            h[..., unit] = donors[..., unit]
            return (h,)

        handle = second.register_forward_pre_hook(put) if unit is not None else None
        found = nn.functional.cross_entropy(model(held_out.inputs), torch.from_numpy(held_out.labels)).item()
        if handle:
            handle.remove()
        return found

    expected = [loss(unit) - loss() for unit in range(donors.shape[-1])]
    assert table["value"].to_numpy() == pytest.approx(expected, abs=1e-12)
    assert np.abs(expected).max() > 1e-4


def test_only_a_unit_that_is_read_is_missed():
    def cut(state):
        read = state["encoder.layers.0.linear2.weight"]
        read[:, [unit for unit in range(read.shape[1]) if unit != 3]] = 0
        read[:, 3] *= 5

    table = lesioned(*encoder(cut)).set_index("unit")
    beyond = table["value"].abs() > 0
    assert beyond[beyond].index.tolist() == [3] and table.loc[3, "null_sd"] > 0


def test_of_labels_that_have_nothing_to_do_with_the_inputs_no_unit_says_anything():
    held_out, training = encoder()
    beyond = []
    for seed in range(3):
        held_out.labels = np.random.default_rng(seed).permutation(held_out.labels)
        table = lesioned(held_out, training)
        beyond += (table["value"] > 2 * table["null_sd"]).tolist()
    assert len(beyond) >= 30 and np.mean(beyond) < 0.15
