"""Prepare one dataset: train, probe and test split in one file."""

import argparse

from common.arguments import to_path, whole
from common.described import mapping, own_dataset, to_name
from common.files import readable_errors, write_arrays
from common.own_data import read_own
from repdyn.datasets import Dataset, require_size, to_arrays
from repdyn.datasets.arrays import from_user
from repdyn.datasets.registry import load
from repdyn.errors import StudyError


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", type=to_name, required=True)
    parser.add_argument(
        "--kind",
        choices=("image", "text", "vector"),
        required=True,
        help="image, text or vector, as the configuration declares it",
    )
    parser.add_argument("--size", type=whole(0), help="width of its images, as the configuration declares it")
    parser.add_argument("--seed", type=whole(0), required=True)
    parser.add_argument("--options", type=mapping, default={}, help="JSON")
    parser.add_argument(
        "--own", type=own_dataset, help="JSON: file, function, options, classes and size of a user's own"
    )
    parser.add_argument("--out", type=to_path, required=True)
    arguments = parser.parse_args()
    dataset = made(arguments)
    if dataset.kind != arguments.kind:
        raise StudyError(f"dataset {dataset.name} holds {dataset.kind} data; the configuration says {arguments.kind}")
    if arguments.size:
        require_size(dataset, arguments.size)
    arrays, metadata = to_arrays(dataset)
    write_arrays(arguments.out, arrays, metadata)
    sizes = ", ".join(f"{split} {len(labels)}" for split, labels in dataset.labels.items())
    print(f"{dataset.name}: {sizes}; inputs {dataset.shape}; chance {dataset.chance:.3f}")


def made(arguments: argparse.Namespace) -> Dataset:
    if not arguments.own:
        return load(arguments.name, arguments.seed, **arguments.options)
    arrays = read_own(arguments.name, arguments.seed, arguments.own)
    return from_user(arguments.name, arguments.kind, arrays, arguments.own.get("classes"), arguments.own.get("size"))


if __name__ == "__main__":
    with readable_errors():
        main()
