"""The original files of a dataset: where they lie, and what to do without them."""

import os
from pathlib import Path


def stored(folder: Path, file: str) -> Path | None:
    """The file of that name in the folder, as published or unzipped; None if neither is there."""
    candidates = (folder / file, folder / file.removesuffix(".gz"))
    return next((path for path in candidates if path.is_file()), None)


def writable(folder: Path) -> bool:
    """Whether files can be put into the folder, which need not exist."""
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def alternatives(name: str, folder: Path, experiments: int, sheet: str) -> str:
    """What a user can do who has no network, as the end of a sentence.

    experiments: how many rows of the sample sheet `sheet` read the dataset `name`.
    """
    return (
        f"place them in {folder} by hand, name the folder that holds {name}/ with --config data_dir=FOLDER, name another "
        f"mirror with --config mirror=ADDRESS, or leave out the {experiments} experiments that read {name}: "
        f"awk -F'\\t' '$3 != \"{name}\"' {sheet} > without_{name}.tsv, and add --config experiments=without_{name}.tsv"
    )
