"""The arrays of a user's own dataset: from a file, or from a function in a Python file."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from common.own import load_function
from repdyn.errors import StudyError, attempt


def read_own(name: str, seed: int, own: dict) -> dict[str, np.ndarray]:
    """own: as in the datasets file. {array: values}, not yet checked."""
    file = Path(own["file"])
    if "function" not in own:
        return read_file(name, file)
    function = load_function(file, own["function"])
    where = f"dataset {name}: {file}, function {own['function']}"
    arrays = attempt(where, function, seed=seed, **own.get("options", {}))
    if not isinstance(arrays, Mapping) or not all(isinstance(array, str) for array in arrays):
        raise StudyError(f"{where} returns a {type(arrays).__name__}; a dictionary of arrays by name is needed")
    return dict(arrays)


def read_file(name: str, file: Path) -> dict[str, np.ndarray]:
    """All arrays of an .npz or .safetensors file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        with np.load(file, allow_pickle=False) as stored:
            return {array: stored[array] for array in stored.files}
    except (SafetensorError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise StudyError(f"dataset {name}: {file} cannot be read: {error}") from error
