"""Python files of a user's own: the function that is asked for, and what its code consists of."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

from common.files import sha256
from repdyn.errors import StudyError, attempt


def load_function(file: Path, name: str) -> Callable:
    """The function of that name in a Python file, which may import files that lie beside it."""
    if not file.is_file():
        raise StudyError(f"{file} does not exist; a Python file with the function {name} is needed, below {Path.cwd()}")
    sys.path.insert(0, str(file.parent.resolve()))
    spec = importlib.util.spec_from_file_location(f"own_{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    attempt(f"{file} cannot be imported", spec.loader.exec_module, module)
    function = getattr(module, name, None)
    if not callable(function):
        raise StudyError(f"{file} has no function {name!r}")
    return function


def code_of(file: Path) -> list[Path]:
    """The file and the modules beside and below it that have been imported."""
    folder = file.parent.resolve()
    loaded = {
        Path(module.__file__).resolve() for module in list(sys.modules.values()) if getattr(module, "__file__", None)
    }
    return sorted(path for path in {file.resolve(), *loaded} if path.is_relative_to(folder) and not installed(path))


def installed(path: Path) -> bool:
    return "site-packages" in path.parts or path.is_relative_to(Path(__file__).parents[2])


def checksums(files: list[Path]) -> dict[str, str]:
    """{path, from the working directory where it is below it: SHA-256}."""
    base = Path.cwd()
    return {(path.relative_to(base) if path.is_relative_to(base) else path).as_posix(): sha256(path) for path in files}
