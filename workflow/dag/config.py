"""Reads and checks everything a user may edit, before any job starts."""

import difflib
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from dag.folders import check_folders
from dag.numerals import require_decimals
from dag.organisms import read_organisms
from dag.own import train_examples
from dag.pairs import check_pair
from dag.reading import parse_yaml, require_file
from dag.recurrent import read_recurrent
from dag.schema import check
from dag.sheet import check_name, read_experiments, shown
from repdyn.audit.phases import FILTER_PHASES
from repdyn.datasets import require_size
from repdyn.datasets.originals import alternatives, stored, writable
from repdyn.datasets.registry import check_file, load
from repdyn.errors import StudyError
from repdyn.measures import modules_for
from repdyn.report.quantities import described, is_described

HYPOTHESES = "config/hypotheses.yaml"
CLAIMS = "config/claims.yaml"
# More than any study needs, and less than what planning takes hours and all memory for.
MOST_RUNS = 100_000
# Keys of the configuration whose defaults are files of the project.
OWN_FILES = ("experiments", "recurrent", "organisms", "architectures", "datasets", "downloads")


@dataclass(frozen=True)
class Study:
    """The checked configuration. experiments: {name: (architecture name, dataset name)}; recurrent, organisms:
    {name: its row}.
    """

    config: dict
    experiments: dict[str, tuple[str, str]]
    architectures: dict[str, dict]
    datasets: dict[str, dict]
    downloads: dict[str, dict]
    recurrent: dict[str, dict]
    organisms: dict[str, dict]


def complete(config: dict, home: Path) -> None:
    """Put the defaults of the project in the folder `home` in place of keys that are not there, its own files by their path.

    A workflow that includes this one as a module names only what it changes.
    """
    defaults = parse_yaml(Path(home, "config/config.yaml"))
    defaults |= {key: str(Path(home, defaults[key])) for key in OWN_FILES}
    fill(config, defaults)


def fill(config: dict, defaults: dict) -> None:
    for key, value in defaults.items():
        if key not in config:
            config[key] = value
        elif isinstance(value, dict) and isinstance(config[key], dict):
            fill(config[key], value)


def load_study(config: dict, home: Path = Path()) -> Study:
    """Check the configuration, the five files it names, and the hypotheses and claims of the project in the folder `home`.

    Raises StudyError naming the key or file that is wrong.
    """
    check(config, "config", "the configuration")
    check_folders(config)
    architectures = read_named(config["architectures"], "architectures")
    datasets = read_named(config["datasets"], "datasets")
    downloads = read_named(config["downloads"], "downloads")
    for name, source in downloads.items():
        for file in source["files"]:
            check_name(f"{config['downloads']}, files of {name}", file)
    require_file(config["experiments"], "experiments")
    experiments = read_experiments(config["experiments"])
    require_different(experiments, config["experiments"])
    require_file(config["recurrent"], "recurrent")
    recurrent = read_recurrent(config["recurrent"])
    require_file(config["organisms"], "organisms")
    organisms = read_organisms(config["organisms"])
    for name, (architecture, dataset) in experiments.items():
        where = f"{config['experiments']}, experiment {name!r}"
        network = known(architecture, architectures, f"{where}: architecture", config["architectures"])
        data = known(dataset, datasets, f"{where}: dataset", config["datasets"])
        check_pair(where, architecture, network, dataset, data)
        if data.get("files"):
            known(dataset, downloads, f"{where}: the source of dataset", config["downloads"])
    check_hypotheses(str(home / HYPOTHESES))
    read_yaml(str(home / CLAIMS), "claims")
    used = {name: datasets[name] for _, name in experiments.values()}
    study = Study(config, experiments, architectures, used, downloads, recurrent, organisms)
    check_numbers(study)
    check_recordings(study)
    return study


def check_recordings(study: Study) -> None:
    """Raise StudyError for a recording whose experiment is not in the sample sheet, or whose files are not there."""
    for name, recording in study.config["recordings"].items():
        where = f"recordings, {name}"
        known(recording["experiment"], study.experiments, f"{where}: experiment", study.config["experiments"])
        for key in ("file", "stimuli"):
            if key in recording and not Path(recording[key]).exists():
                raise StudyError(f"{where}: {key} {recording[key]} does not exist")
        if Path(recording["file"]).suffix != ".npz" and "stimuli" not in recording:
            raise StudyError(
                f"{where}: {recording['file']} holds no stimuli that a network can read; name under `stimuli` a .npz with"
                " `names` and `stimuli`"
            )


def read_yaml(path: str, schema: str) -> dict:
    """A YAML file checked against its schema."""
    require_file(path, schema)
    content = parse_yaml(path)
    require_decimals(path)
    check(content, schema, path)
    return content


def read_named(path: str, schema: str) -> dict[str, dict]:
    """A YAML file whose keys are names of architectures or datasets, which may become folders and arguments."""
    content = read_yaml(path, schema)
    for name in content:
        check_name(path, name)
    return content


def check_hypotheses(path: str) -> None:
    """Raise StudyError for hypotheses that do not fit their schema, or are about what is not measured."""
    for name, hypothesis in read_yaml(path, "hypotheses").items():
        for family in hypothesis["families"]:
            quantities = [
                quantity
                for module in modules_for(family)
                for quantity in described("repdyn.measures", module).quantities
            ]
            if not is_described(hypothesis["quantity"], quantities):
                names = [measured for quantity in quantities for measured in quantity.names]
                close = difflib.get_close_matches(hypothesis["quantity"], names, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"measured are {', '.join(names)}."
                raise StudyError(
                    f"{path}: key '{name}.quantity' is {shown(hypothesis['quantity'])}, which is not measured in a {family};"
                    f" {hint}"
                )


def require_different(names: Iterable[str], path: str) -> None:
    """Raise StudyError for experiments that would share a folder where upper and lower case are not told apart."""
    folded: dict[str, str] = {}
    for name in names:
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            raise StudyError(
                f"{path}: experiment {name!r} differs from {other!r} in upper and lower case alone, which not every file"
                " system tells apart; rename one"
            )


def known(name: str, table: dict, where: str, source: str) -> dict:
    if name not in table:
        close = difflib.get_close_matches(name, table, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"{source} describes {', '.join(table)}."
        raise StudyError(f"{where} {name!r} is not in {source}; {hint}")
    return table[name]


def check_numbers(study: Study) -> None:
    """Raise StudyError for numbers that are fine alone and impossible together."""
    training, tracking, phase1, phase2 = (study.config[part] for part in ("training", "tracking", "phase1", "phase2"))
    for key, value, unit in (
        ("training.steps", training["steps"], tracking["every"]),
        ("tracking.spectrum_every", tracking["spectrum_every"], tracking["every"]),
        ("phase2.window", phase2["window"], tracking["every"]),
    ):
        if value % unit:
            near = value // unit * unit or unit
            raise StudyError(f"{key} is {value}, not a multiple of tracking.every ({unit}); {near} would do")
    runs = len(study.experiments) * study.config["seeds"]
    if runs > MOST_RUNS:
        raise StudyError(
            f"seeds is {study.config['seeds']}; {len(study.experiments):,} experiments make {runs:,} runs of that, at most "
            f"{MOST_RUNS:,} are planned together"
        )
    measurements = training["steps"] // tracking["every"] + 1
    if phase1["window"] > measurements:
        raise StudyError(f"phase1.window is {phase1['window']}; a run has only {measurements} measurements")
    least = ceil(1 / phase1["level"]) - 1  # p values go down to 1 / (surrogates + 1)
    if phase1["surrogates"] < least:
        raise StudyError(
            f"phase1.level is {phase1['level']:g} and phase1.surrogates {phase1['surrogates']}; p values that reach such a "
            f"level need {least} surrogates per layer of a run, or a higher level"
        )
    for key, phases in (("phase2.grid", phase2["grid"]), ("toolkit.phases", study.config["toolkit"]["phases"])):
        if not {0, 1} <= set(phases):
            raise StudyError(
                f"{key} is {phases}; 0 (initialisation) and 1 (the end) must be among its training fractions"
            )
    asked = sorted({phase for phases in FILTER_PHASES.values() for phase in phases})
    if lacking := [phase for phase in asked if phase not in phase2["grid"]]:
        raise StudyError(
            f"phase2.grid is {phase2['grid']}; {' and '.join(f'{phase:g}' for phase in lacking)} must be among its"
            " training fractions, "
            f"because claim C16 compares filters at {', '.join(f'{phase:g}' for phase in asked)} of training"
        )
    for name, data in study.datasets.items():
        examples = train_examples(data)
        if examples is not None and examples < training["batch_size"]:
            raise StudyError(
                f"training.batch_size is {training['batch_size']}; dataset {name} has {examples} training examples"
            )


def toolkit_experiments(study: Study, families: tuple[str, ...]) -> list[str]:
    """The experiments of these families that the toolkit looks into. StudyError if the sample sheet lacks one of any."""
    wanted = study.config["toolkit"]["experiments"]
    for name in wanted:
        known(name, study.experiments, "toolkit.experiments:", study.config["experiments"])
    return [name for name in wanted if study.architectures[study.experiments[name][0]]["family"] in families]


def toolkit_looks_into(study: Study, families: tuple[str, ...]) -> bool:
    """Whether the toolkit is to look into experiments of these families; one that the sheet lacks is refused elsewhere."""
    return any(
        name not in study.experiments or study.architectures[study.experiments[name][0]]["family"] in families
        for name in study.config["toolkit"]["experiments"]
    )


def original_files(study: Study, name: str) -> dict[str, Path | None]:
    """{published name: where it lies, None if it is missing} of the files that a dataset is read from, if any."""
    if not study.datasets[name].get("files"):
        return {}
    return {file: stored(Path(study.config["data_dir"], name), file) for file in study.downloads[name]["files"]}


def readers(study: Study, name: str) -> int:
    """How many experiments read the dataset."""
    return sum(dataset == name for _, dataset in study.experiments.values())


def check_files(study: Study) -> list[str]:
    """Read every original file at hand once, so that a broken one stops the study before any job.

    Missing ones are left to a download job if their folder can be written to. Returns the datasets whose files are not
    the published originals.
    """
    changed = []
    for name, data in study.datasets.items():
        files = original_files(study, name)
        folder = Path(study.config["data_dir"], name)
        if not all(files.values()):
            require_writable(study, name, folder, [file for file, path in files.items() if path is None])
            for path in filter(None, files.values()):
                check_file(name, path)
        elif files:
            loaded = load(name, study.config["data_seed"], directory=folder.parent, **data["options"])
            require_size(loaded, data.get("size", 0))
        if any(path and differs(path, file, study.downloads[name]["files"][file]) for file, path in files.items()):
            changed.append(name)
    return changed


def require_writable(study: Study, name: str, folder: Path, missing: list[str]) -> None:
    """Raise StudyError if the missing files of a dataset could not be downloaded into its folder."""
    if not writable(folder):
        raise StudyError(
            f"{folder} lacks {', '.join(missing)} and cannot be written to, so that they cannot be downloaded: "
            + alternatives(name, folder, readers(study, name), study.config["experiments"])
        )


def differs(path: Path, file: str, sha256: str) -> bool:
    """Whether a file is not the published one; of an unzipped one that is not known."""
    with path.open("rb") as content:
        return path.name == file and hashlib.file_digest(content, "sha256").hexdigest() != sha256
