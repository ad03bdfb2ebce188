"""A user's own networks and datasets, checked without running or importing them: what a file says of itself."""

import ast
import difflib
import json
import struct
import zipfile
from pathlib import Path

import numpy as np

from repdyn.datasets.arrays import NAMES, SHAPES
from repdyn.errors import StudyError

ARRAYS = (".npz", ".safetensors")


def check_network(where: str, network: dict, kind: str) -> None:
    """StudyError unless the file has the function, and the function takes what it will be given."""
    given = {"shape", "classes", *(["vocabulary"] if kind == "text" else [])}
    check_function(where, network["file"], network["function"], given, network.get("options", {}))


def check_dataset(where: str, data: dict) -> None:
    """StudyError for a file that is not there or not of arrays, and for a function as in `check_network`."""
    file = Path(data["file"])
    if file.suffix == ".py":
        if "function" not in data:
            raise StudyError(f"{where}: {file} is a Python file; name the function in it under `function`")
        check_function(where, data["file"], data["function"], {"seed"}, data.get("options", {}))
        return
    if file.suffix not in ARRAYS or "function" in data or "options" in data:
        raise StudyError(
            f"{where}: {file}: a file of arrays ({' or '.join(ARRAYS)}), or a .py file and a function is needed"
        )
    check_shapes(f"{where}: {file}", data, shapes_of(where, file))


def check_shapes(where: str, data: dict, shapes: dict[str, tuple[int, ...]]) -> None:
    missing = [name for name in NAMES if name not in shapes]
    if missing:
        held = ", ".join(shapes) or "no arrays"
        raise StudyError(f"{where} lacks {', '.join(missing)}; it holds {held}")
    for split in ("train", "probe", "test"):
        inputs, labels = shapes[f"{split}_inputs"], shapes[f"{split}_labels"]
        if len(inputs) != SHAPES[data["kind"]].count(",") + 1 or inputs[1:] != shapes["train_inputs"][1:]:
            raise StudyError(
                f"{where}: {split}_inputs have shape {inputs}; {data['kind']} data are {SHAPES[data['kind']]}, alike in all "
                "splits"
            )
        if data["kind"] == "image" and inputs[1:] != (1, data["size"], data["size"]):
            raise StudyError(
                f"{where}: {split}_inputs have shape {inputs}; (examples, 1, {data['size']}, {data['size']}) is needed for "
                f"images of size {data['size']}"
            )
        if labels != inputs[:1]:
            raise StudyError(
                f"{where}: {split}_labels have shape {labels}; {inputs[:1]} is needed, a label for each input"
            )


def train_examples(data: dict) -> int | None:
    """How many training examples a dataset has, where that is known before it is made."""
    if "file" not in data:
        return data["options"]["train"]
    file = Path(data["file"])
    return shapes_of("", file)["train_inputs"][0] if file.suffix in ARRAYS else None


def shapes_of(where: str, file: Path) -> dict[str, tuple[int, ...]]:
    """{array: shape} of a file of arrays, read from its headers alone."""
    existing(where, file)
    try:
        return _safetensors_shapes(file) if file.suffix == ".safetensors" else _npz_shapes(file)
    except (OSError, ValueError, KeyError, AttributeError, TypeError, struct.error, zipfile.BadZipFile) as error:
        raise StudyError(f"{where}: {file} is not a whole {file.suffix} file ({error})") from error


def _npz_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    shapes = {}
    with zipfile.ZipFile(file) as packed:
        for name in packed.namelist():
            with packed.open(name) as array:
                version = np.lib.format.read_magic(array)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shapes[name.removesuffix(".npy")] = read(array)[0]
    return shapes


def _safetensors_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    with file.open("rb") as stored:
        (length,) = struct.unpack("<Q", stored.read(8))
        header = json.loads(stored.read(min(length, file.stat().st_size)))
    return {name: tuple(array["shape"]) for name, array in header.items() if name != "__metadata__"}


def check_function(where: str, path: str, name: str, given: set[str], options: dict) -> None:
    """StudyError unless the Python file defines the function, and it takes what it is given, by name, and no more."""
    file = Path(path)
    existing(where, file)
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        raise StudyError(f"{where}: {file} is not valid Python: {error}") from error
    known = _names(tree)
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"it defines {', '.join(known) or 'none'}."
        raise StudyError(f"{where}: {file} has no function {name!r}; {hint}")
    if isinstance(known[name], ast.FunctionDef):
        _check_arguments(f"{where}: function {name} of {file}", known[name].args, given, options)


def _names(tree: ast.Module) -> dict[str, ast.AST]:
    """What a module defines by name at its top level: functions, classes, assignments and imports."""
    names = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names[node.name] = node
        elif isinstance(node, ast.Assign):
            names |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name: node for alias in node.names}
    return names


def _check_arguments(where: str, arguments: ast.arguments, given: set[str], options: dict) -> None:
    ordered = [argument.arg for argument in arguments.args]
    optional = set(ordered[len(ordered) - len(arguments.defaults) :])
    keywords = [argument.arg for argument in arguments.kwonlyargs]
    optional |= {word for word, default in zip(keywords, arguments.kw_defaults, strict=True) if default is not None}
    names = {*ordered, *keywords}
    unknown = [] if arguments.kwarg else sorted({*given, *options} - names)
    missing = sorted(names - optional - {*given, *options})
    if unknown:
        close = difflib.get_close_matches(unknown[0], sorted(names - given), n=1)
        hint = f"did you mean {close[0]!r}?" if close and unknown[0] in options else "it is given that by name"
        raise StudyError(f"{where} takes no argument {unknown[0]!r}; {hint}")
    if missing:
        raise StudyError(f"{where} needs {missing[0]!r}; give it under `options`")


def existing(where: str, file: Path) -> None:
    try:
        there = file.is_file()
    except OSError:
        # A name that is too long, or below a folder that may not be read.
        there = False
    if not there:
        raise StudyError(f"{where}: {file} does not exist; a file is needed, relative to {Path.cwd()}")
