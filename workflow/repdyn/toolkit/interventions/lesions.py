"""What a network loses without a whole attention or feed-forward layer, without one head, and without one unit."""

from collections.abc import Iterator

import numpy as np

from repdyn.activations.addresses import Address, Where, address, named
from repdyn.activations.axes import unit_axis
from repdyn.activations.heads import heads_of
from repdyn.interventions.ablation import Mean, donated, effects, over_examples
from repdyn.interventions.surgery import unit_values
from repdyn.measures.subject import Subject
from repdyn.measures.table import entry
from repdyn.roles import ATTENTION, FEEDFORWARD, layers_with
from repdyn.seeds import derive
from repdyn.toolkit.interventions.splits import Split


def lesions(subject: Subject, step: int, ours: Split, theirs: Split) -> Iterator[dict]:
    """Rise of the loss of our rows with a layer, or one head, at its values on their rows."""
    model = subject.model(step)
    for role, name in ((ATTENTION, "attention_loss"), (FEEDFORWARD, "feedforward_loss")):
        for layer in layers_with(subject.roles, role):
            over = _resampled(model, layer, subject.key, ours, theirs, together=True)
            yield entry(step, layer, name, over.value[0], 0.0, over.null_sd[0])
            heads = heads_of(model, layer)
            if role == ATTENTION and heads:
                over = _resampled(model, Address(heads, units=2), subject.key, ours, theirs, together=False)
                yield entry(step, heads, "head_loss", over.value, 0.0, over.null_sd)


def unit_lesions(subject: Subject, step: int, known: list[Where], ours: Split, theirs: Split) -> Iterator[dict]:
    """Rise of the loss of our rows with one unit of a feed-forward layer, that is not among the known, as on their rows."""
    for layer in layers_with(subject.roles, FEEDFORWARD):
        if layer not in known:
            over = _resampled(subject.model(step), layer, subject.key, ours, theirs, together=False)
            yield entry(step, layer, "earlier_unit_loss", over.value, 0.0, over.null_sd)


def _resampled(model, where: Where, key: tuple, ours: Split, theirs: Split, together: bool) -> Mean:
    """All units on the axis of units together, or each alone. The same donors at all steps."""
    rng = np.random.default_rng(derive(*key, "interventions lesions", named(where)))
    observed = unit_values(model, theirs.inputs, where, theirs.chunk)
    donors = rng.integers(len(theirs.labels), size=len(ours.labels))
    values = donated(observed, donors, theirs.valid if observed.ndim > 2 else None)
    units = range(observed.shape[unit_axis(model, address(where), observed)])
    sets = [list(units)] if together else [[unit] for unit in units]
    return over_examples(effects(model, ours.inputs, ours.labels, where, sets, values, ours.chunk).loss)
