"""The one shape in which every measure writes: a row per step, layer, unit and quantity."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from repdyn.activations.addresses import Where, named

COLUMNS = ("step", "reference", "layer", "unit", "quantity", "value", "null_mean", "null_sd")


def entry(
    step: int, layer: Where, quantity: str, value, null_mean=np.nan, null_sd=np.nan, reference: int | None = None
):
    """One measurement as columns: a number, or (k,) numbers of the k units, heads or filters of a layer.

    reference: the other step, where two are compared. null_mean, null_sd: of the value under the null of the measure,
    numbers or (k,); NaN where the quantity has none. layer "" is the whole network; of an address it is the name.
    """
    value = np.asarray(value, dtype=np.float64)
    k = value.size
    return {
        "step": np.full(k, step),
        "reference": np.full(k, -1 if reference is None else reference),
        "layer": np.full(k, named(layer), dtype=object),
        "unit": np.arange(k) if value.ndim else np.full(1, -1),
        "quantity": np.full(k, quantity, dtype=object),
        "value": value.reshape(k),
        "null_mean": np.broadcast_to(np.asarray(null_mean, dtype=np.float64), k),
        "null_sd": np.broadcast_to(np.asarray(null_sd, dtype=np.float64), k),
    }


def combine(entries: Iterable[dict]) -> pd.DataFrame:
    """Entries as one table with COLUMNS; reference and unit are missing (<NA>) where there is none."""
    entries = list(entries)
    if not entries:
        return pd.DataFrame({name: [] for name in COLUMNS})
    frame = pd.DataFrame({name: np.concatenate([item[name] for item in entries]) for name in COLUMNS})
    for name in ("reference", "unit"):
        frame[name] = frame[name].astype("Int32").mask(frame[name] < 0)
    return frame.astype({"step": "int32", "layer": "category", "quantity": "category"})


def joined(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Tables with COLUMNS as one, by step."""
    plain = pd.concat([table.astype({"layer": object, "quantity": object}) for table in tables])
    ordered = plain.sort_values("step", kind="stable", ignore_index=True)
    return ordered.astype({"layer": "category", "quantity": "category"})
