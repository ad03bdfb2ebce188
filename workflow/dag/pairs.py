"""Whether a network can be built, a dataset be loaded, and the one read the other: checked before any job starts."""

from itertools import pairwise
from pathlib import Path

from dag.own import check_dataset, check_function, check_network
from repdyn.datasets import registry
from repdyn.datasets.registry import LOADERS, READERS
from repdyn.errors import StudyError
from repdyn.families import ACCEPTS

# {dataset of ours: its kind, and the width of its images where no file that is read says it}
OURS = {
    "digits": ("image", 16),
    "glyphs": ("image", 28),
    "photos": ("image", 28),
    "docstrings": ("text", None),
    "manifold": ("vector", None),
    "mnist": ("image", None),
    "fashion_mnist": ("image", None),
    "qmnist": ("image", None),
    "ag_news": ("text", None),
}
# More than a small network has, and less than a job has memory for.
MOST_WEIGHTS = 300_000_000


def check_pair(where: str, architecture: str, network: dict, dataset: str, data: dict) -> None:
    """Raise StudyError for a network that cannot read the data."""
    family = network["family"]
    if "file" in data:
        check_dataset(f"{where}, dataset {dataset}", data)
    elif dataset not in LOADERS:
        raise StudyError(f"{where}: dataset {dataset} names no `file`, and is none of ours ({', '.join(LOADERS)})")
    else:
        check_loader(f"{where}, dataset {dataset}", dataset, data)
    if family == "module":
        check_network(f"{where}, architecture {architecture}", network, data["kind"])
    if weights(network) > MOST_WEIGHTS:
        raise StudyError(
            f"{where}: {architecture} has {weights(network):,} weights; at most {MOST_WEIGHTS:,} fit into memory with Adam"
        )
    if data["kind"] not in ACCEPTS[family]:
        able = " or ".join(ACCEPTS[family])
        raise StudyError(
            f"{where}: a {family} ({architecture}) cannot read {data['kind']} data ({dataset}), only {able}."
        )
    if family == "cnn" and data["size"] >> len(network["channels"]) < 1:
        most = data["size"].bit_length() - 1
        raise StudyError(
            f"{where}: {architecture} halves its images {len(network['channels'])} times, {dataset} is {data['size']} "
            f"pixels wide; at most {most} channels entries fit"
        )
    if family == "transformer" and network["width"] % network["heads"]:
        raise StudyError(
            f"{where}: width {network['width']} of {architecture} is not a multiple of its {network['heads']} heads"
        )
    if family == "transformer" and data["kind"] == "image" and data["size"] % 4:
        raise StudyError(
            f"{where}: {dataset} is {data['size']} pixels wide, not a multiple of the 4 patches of a transformer"
        )


def weights(network: dict) -> int:
    """About how many weights a network has, those of its inputs and outputs left aside; none for a user's own."""
    if network["family"] == "transformer":
        return 12 * network["layers"] * network["width"] ** 2
    widths = network.get("hidden", network.get("channels", []))
    kernel = 9 if network["family"] == "cnn" else 1
    return kernel * sum(first * second for first, second in pairwise(widths))


def check_loader(where: str, dataset: str, data: dict) -> None:
    """Raise StudyError for one of our datasets whose kind, size or options are not those of its loader."""
    loader = LOADERS[dataset]
    kind, size = OURS[dataset]
    if data["kind"] != kind:
        raise StudyError(f"{where}: key 'kind' is {data['kind']}; it holds {kind} data")
    if size and data["size"] != size:
        raise StudyError(f"{where}: key 'size' is {data['size']}; its images are {size} x {size} pixels")
    if bool(data.get("files")) != (loader in READERS):
        raise StudyError(
            f"{where}: `files: {str(loader in READERS).lower()}` is needed, because it is "
            f"{'' if loader in READERS else 'not '}read from files"
        )
    if fixed := {"seed", "name", "directory"} & {*data["options"]}:
        raise StudyError(f"{where}: option {min(fixed)!r} is set by the workflow; remove it")
    given = {"seed", "directory"} if loader in READERS else {"seed"}
    file = Path(registry.__file__).with_name(f"{loader}.py")
    check_function(where, str(file), "load", given, data["options"])
