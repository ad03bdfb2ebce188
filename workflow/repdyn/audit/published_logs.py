"""The 55 published logs: checked, and turned into this project's trajectory format.

Source: public repository Javihaus/ndt, commit c0e4d120fc6cd15358b172a1d08ccf419d2fbd07.
"""

import hashlib
import json
import re

import numpy as np
import pandas as pd

from repdyn.errors import StudyError

MEASUREMENTS = 400
INTERVAL = 5  # steps between measurements: 0, 5, ..., 1995 of 2,000
FAMILIES = ("mlp", "cnn", "transformer")
# The logged name of each metric, and ours.
METRICS = {
    "stable_rank": "published_stable_rank",
    "participation_ratio": "published_participation_ratio",
    "effective_rank_90": "published_rank_90",
    "nuclear_norm_ratio": "published_nuclear_norm_ratio",
}


def verify(data: bytes, sha256: str, name: str) -> None:
    """Raise StudyError unless the SHA-256 of the uncompressed log is the recorded one."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256.lower():
        raise StudyError(
            f"{name}: checksum {found[:12]}... is not the recorded {sha256[:12].lower()}...; "
            "the file was changed or cut off: fetch it again"
        )


def read_checksums(text: str) -> dict[str, str]:
    """File name -> SHA-256 from lines as `sha256sum` writes them; blank lines and # comments are skipped."""
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for line in lines:
        if len(line) != 2 or not re.fullmatch(r"[0-9a-f]{64}", line[0]):
            raise StudyError(f"checksum file: expected '<sha256>  <name>', found {' '.join(line)!r}")
    return {name: digest for digest, name in lines}


def natural_order(layers: list[str]) -> list[str]:
    """Layer names in the order of the module graph: input projection first, numbers by value, `fc` last."""

    def key(layer: str) -> tuple:
        parts = [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", layer)]
        return (layer == "fc") - (layer == "input_proj"), parts

    return sorted(layers, key=key)


def parse_log(log: str | bytes | dict) -> tuple[pd.DataFrame, pd.DataFrame, dict]:
    """A published log as (trajectory, training table, facts).

    log: the JSON text, its bytes, or the decoded object.

    Trajectory: step, layer, depth (0 = nearest the input), then the four logged metrics, under own names
      published_stable_rank         ||A||_F^2 / (||A||_F^2 + 1e-10): not a stable rank (D01)
      published_participation_ratio (sum s)^2 / sum s^2, s singular values, not variances (D13)
      published_rank_90             smallest k with 90 % of sum s^2
      published_nuclear_norm_ratio  sum s / s_1
    and what follows from them exactly, in this project's own columns
      stable_rank_uncentred         sum s^2 / s_1^2 = nuclear_norm_ratio^2 / participation_ratio
      rank_90_uncentred, nuclear_norm_ratio_uncentred: the published values, whose definition is ours.
    Exact up to the float32 SVD of the source (about 1e-6 relative). Not recoverable: the participation ratio
    on variances, (sum s^2)^2 / sum s^4, and the effective rank need moments of the spectrum that were not
    logged; only bounds follow: stable_rank_uncentred <= participation_ratio_uncentred <=
    published_participation_ratio (s_i <= s_1; log-convexity of power sums). Nothing centred is recoverable:
    the mean was not logged. A itself is the published matrix: pre-activation outputs, channel means for CNNs,
    and for the transformer layers inside the sequence the mean over features, (examples, tokens) (D11). No
    recovery changes that.

    Training table: step, loss (of the training batch), grad_norm; weight_norm, probe_loss and probe_accuracy
    are NaN, they were not logged. Facts: experiment, architecture, dataset, family, total_steps, interval,
    final_accuracy, elapsed_s, parameters.

    Raises StudyError for text that is not JSON, a missing entry, other than 400 measurements at steps
    0, 5, ..., 1995, other layers at some step, and any metric or loss that is not a positive finite number
    (the published code wrote 0 where its decomposition failed).
    """
    if not isinstance(log, dict):
        try:
            log = json.loads(log)
        except ValueError as error:
            raise StudyError(f"published log is not JSON (cut off or garbled): {error}") from None
    if not isinstance(log, dict):
        raise StudyError(f"published log must be a JSON object, found {type(log).__name__}")
    facts = _facts(log)
    name = facts["experiment"]
    measurements = _entry(log, "measurements", name, list)
    steps = _steps(measurements, name)
    rows = [_entry(m, "layer_metrics", f"{name}, step {s}", dict) for m, s in zip(measurements, steps, strict=True)]
    layers = natural_order(list(rows[0]))
    if not layers:
        raise StudyError(f"{name}: no layers measured at step {steps[0]}")
    for step, row in zip(steps, rows, strict=True):
        if row.keys() != rows[0].keys():
            odd = sorted(row.keys() ^ rows[0].keys())
            raise StudyError(f"{name}: layers at step {step} differ from step {steps[0]}: {', '.join(odd)}")

    trajectory = pd.DataFrame(
        {
            "step": np.repeat(steps, len(layers)),
            "layer": np.tile(np.array(layers, dtype=object), len(steps)),
            "depth": np.tile(np.arange(len(layers)), len(steps)),
        }
    )
    for logged, column in METRICS.items():
        cells = [_entry(row[layer], logged, f"{name}, {layer}") for row in rows for layer in layers]
        trajectory[column] = _numbers(cells, np.repeat(steps, len(layers)), f"{name}: {logged}", above=0.0)
    nuclear = trajectory["published_nuclear_norm_ratio"]
    trajectory["stable_rank_uncentred"] = nuclear**2 / trajectory["published_participation_ratio"]
    trajectory["rank_90_uncentred"] = trajectory["published_rank_90"]
    trajectory["nuclear_norm_ratio_uncentred"] = nuclear

    training = pd.DataFrame({"step": steps})
    for column in ("loss", "grad_norm"):
        cells = [_entry(m, column, name) for m in measurements]
        training[column] = _numbers(cells, steps, f"{name}: {column}", above=-np.finfo(float).tiny)
    for column in ("weight_norm", "probe_loss", "probe_accuracy"):
        training[column] = np.nan
    return trajectory, training, facts


def _facts(log: dict) -> dict:
    architecture = _entry(log, "arch_name", "published log", str)
    dataset = _entry(log, "dataset_name", "published log", str)
    name = f"{architecture}_{dataset}"
    family = architecture.split("_")[0]
    if family not in FAMILIES:
        raise StudyError(f"{name}: architecture family must be one of {', '.join(FAMILIES)}, found {family!r}")
    total, interval = _entry(log, "num_steps", name), _entry(log, "measurement_interval", name)
    if (total, interval) != (MEASUREMENTS * INTERVAL, INTERVAL):
        raise StudyError(
            f"{name}: expected {MEASUREMENTS * INTERVAL} steps measured every {INTERVAL}, "
            f"found {total} every {interval}"
        )
    return {
        "experiment": name,
        "architecture": architecture,
        "dataset": dataset,
        "family": family,
        "total_steps": total,
        "interval": interval,
        "final_accuracy": _entry(log, "final_accuracy", name),
        "elapsed_s": _entry(log, "elapsed_time", name),
        "parameters": _entry(_entry(log, "architecture_params", name, dict), "num_params", name),
    }


def _entry(record: dict, key: str, where: str, kind: type = object):
    """record[key], or a StudyError that says what is missing where."""
    if not isinstance(record, dict) or key not in record:
        raise StudyError(f"{where}: no entry {key!r}")
    if not isinstance(record[key], kind):
        raise StudyError(f"{where}: {key!r} must be a {kind.__name__}, found {type(record[key]).__name__}")
    return record[key]


def _steps(measurements: list, name: str) -> np.ndarray:
    """The steps of all measurements, (400,) int64, as they must be."""
    steps = [_entry(m, "step", f"{name}, measurement {i}") for i, m in enumerate(measurements)]
    repeated = pd.Series(steps, dtype=object).astype(str).duplicated()
    if repeated.any():
        raise StudyError(f"{name}: step {steps[repeated.argmax()]} is measured more than once")
    if len(steps) != MEASUREMENTS:
        raise StudyError(f"{name}: expected {MEASUREMENTS} measurements, found {len(steps)}")
    for expected, step in zip(range(0, MEASUREMENTS * INTERVAL, INTERVAL), steps, strict=True):
        if step != expected:
            raise StudyError(f"{name}: expected a measurement at step {expected}, found step {step}")
    return np.array(steps, dtype=np.int64)


def _numbers(cells: list, steps: np.ndarray, what: str, above: float) -> np.ndarray:
    """Cells as float64, each a finite number > `above`; the error names the step of the first that is not."""
    # bool is a subclass of int, but no measurement.
    numeric = [isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells]
    values = np.array([cell if ok else np.nan for cell, ok in zip(cells, numeric, strict=True)], dtype=np.float64)
    bad = np.flatnonzero(~(np.isfinite(values) & (values > above)))
    if len(bad):
        raise StudyError(f"{what} at step {steps[bad[0]]} must be a valid number, found {cells[bad[0]]!r}")
    return values
