"""Prepare one dataset: train, probe and test split in one file."""

import argparse
import json
from pathlib import Path

from common.files import readable_errors, write_arrays
from repdyn.datasets import to_arrays
from repdyn.datasets.registry import load
from repdyn.errors import StudyError


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--kind", required=True, help="image, text or vector, as the configuration declares it")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--options", type=json.loads, default={}, help="JSON")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    dataset = load(arguments.name, arguments.seed, **arguments.options)
    if dataset.kind != arguments.kind:
        raise StudyError(f"dataset {dataset.name} holds {dataset.kind} data; the configuration says {arguments.kind}")
    arrays, metadata = to_arrays(dataset)
    write_arrays(arguments.out, arrays, metadata)
    sizes = ", ".join(f"{split} {len(labels)}" for split, labels in dataset.labels.items())
    print(f"{dataset.name}: {sizes}; inputs {dataset.shape}; chance {dataset.chance:.3f}")


if __name__ == "__main__":
    with readable_errors():
        main()
