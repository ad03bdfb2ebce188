"""Datasets by name."""

import importlib
import inspect
from pathlib import Path

from repdyn.datasets import Dataset, check
from repdyn.errors import StudyError

LOADERS = {
    "digits": "digits",
    "glyphs": "glyphs",
    "photos": "photos",
    "docstrings": "docstrings",
    "manifold": "manifold",
    "mnist": "idx",
    "fashion_mnist": "idx",
    "qmnist": "idx",
    "ag_news": "ag_news",
}
READERS = {"idx": "read_idx", "ag_news": "read_csv"}


def load(name: str, seed: int, **options) -> Dataset:
    """Load the dataset `name` and check it; the same seed gives the same bytes.

    Raises StudyError for an unknown name or option, a missing folder, bad files or a broken contract.
    """
    if name not in LOADERS:
        raise StudyError(f"unknown dataset {name!r}; the known ones are {', '.join(LOADERS)}")
    loader = importlib.import_module(f"repdyn.datasets.{LOADERS[name]}").load
    parameters = inspect.signature(loader).parameters
    if "name" in parameters:
        options = {**options, "name": name}
    known = [key for key in parameters if key not in ("seed", "name")]
    unknown = [key for key in options if key not in parameters or key == "seed"]
    if unknown:
        raise StudyError(f"dataset {name} has no option {unknown[0]!r}; it has {', '.join(known)}")
    if "directory" in parameters and options.get("directory") is None:
        raise StudyError(f"dataset {name} is read from files: name their folder with the config key data_dir")
    return check(loader(seed, **options))


def check_file(name: str, path: Path) -> None:
    """Read one original file of the dataset `name`. Raises StudyError if it is broken."""
    module = LOADERS[name]
    getattr(importlib.import_module(f"repdyn.datasets.{module}"), READERS[module])(path)
