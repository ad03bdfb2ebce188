"""The rooms of the library are those that CONTRIBUTING.md lists, and a room imports only rooms listed above it."""

import ast
import re
from collections.abc import Iterable

from helpers.project import ROOT

LIBRARY = ROOT / "workflow/repdyn"


def listed() -> list[str]:
    """The rooms in the order of the table; `toolkit/<name>` stands for the folders of all tools."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("| room | what is in it |\n|---|---|\n")[1]
    return re.findall(r"^\| `([^`]+)` \|", text.split("\n\n")[0], re.MULTILINE)


def room(module: str, rooms: Iterable[str]) -> str | None:
    """The room of a module given as a path below the library: the longest that fits; None for the package itself."""
    fitting = [name for name in rooms if re.fullmatch(rf"{name.replace('<name>', '[^/]+')}(/.*)?", module)]
    if module == "toolkit" or (
        module.startswith("toolkit/") and not (LIBRARY / "/".join(module.split("/")[:2])).is_dir()
    ):
        fitting = [name for name in fitting if name == "toolkit"]
    return max(fitting, key=len, default=None)


def existing(name: str) -> str | None:
    """A dotted name as a path below the library, if it is a module or a folder there."""
    path = name.removeprefix("repdyn.").replace(".", "/")
    there = (LIBRARY / f"{path}.py").is_file() or (LIBRARY / path).is_dir()
    return path if name.startswith("repdyn.") and there else None


def modules() -> dict[str, set[str]]:
    """{module: the modules of the library that it imports}, as paths below the library, also inside functions."""
    found = {}
    for file in sorted(LIBRARY.rglob("*.py")):
        path = file.relative_to(LIBRARY).with_suffix("").as_posix().removesuffix("__init__").rstrip("/")
        imported = found.setdefault(path, set())
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                imported |= {existing(f"{node.module}.{alias.name}") or existing(node.module) for alias in node.names}
            elif isinstance(node, ast.Import):
                imported |= {existing(alias.name) for alias in node.names}
        imported.discard(None)
    return found


def upward(imports: dict[str, set[str]], rooms: list[str]) -> list[str]:
    """The imports that reach from a room to one that is listed below it."""
    place = {name: number for number, name in enumerate(rooms)}
    return [
        f"{module} imports {other}"
        for module, others in imports.items()
        for other in sorted(others)
        if room(module, rooms) and room(other, rooms) and place[room(other, rooms)] > place[room(module, rooms)]
    ]


def test_every_room_is_listed_and_every_listed_room_is_there():
    rooms = listed()
    assert len(rooms) == len(set(rooms)) <= 40
    found = {room(module, rooms) for module in modules() if module}
    assert None not in found, [module for module in modules() if module and room(module, rooms) is None]
    assert found == set(rooms)


def test_no_room_imports_one_that_is_listed_below_it():
    assert upward(modules(), listed()) == []


def test_an_import_upward_is_found():
    imports = modules()
    assert {"detectors/cusum", "detectors/levelshift"} <= imports["detectors"]
    assert upward({**imports, "spectrum": {"report/html"}}, listed()) == ["spectrum imports report/html"]
    assert (
        room("toolkit/layers", listed()) == "toolkit" and room("toolkit/geometry/measure", listed()) == "toolkit/<name>"
    )
    assert room("figures/study/velocity/data", listed()) == "figures/study/<name>"
    assert room("figures/style", listed()) == room("figures/study", listed()) == "figures"


def test_every_folder_has_an_init_without_which_its_edits_would_rerun_nothing():
    folders = {
        file.parent for root in ("repdyn", "dag", "scripts/common") for file in (ROOT / "workflow" / root).rglob("*.py")
    }
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []
