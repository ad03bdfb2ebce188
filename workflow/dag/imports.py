"""Which project files a script runs and which packages it needs, read from its imports."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path


@cache
def import_closure(script: str, roots: tuple[str, ...]) -> tuple[list[str], frozenset[str]]:
    """The script and every module below `roots` that it imports, directly or not, also inside functions.

    With it the names of the top-level modules that are imported from elsewhere: packages and the standard library.
    Imports by a name computed at run time are not seen: whoever needs them lists them.
    """
    found, elsewhere, left = {script}, set(), [script]
    while left:
        files, others = imports_of(left.pop(), roots)
        left.extend(files - found)
        found |= files
        elsewhere |= others
    return [script, *sorted(found - {script})], frozenset(elsewhere)


# Not the standard library's ModuleFinder, which reads every module again for every script: half of what planning took.
@cache
def imports_of(file: str, roots: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """The modules below `roots` that one file imports, and the top-level names it imports from elsewhere."""
    files, elsewhere = set(), set()
    for name, parts in imported(file):
        located = next(filter(None, (modules(root, name) for root in roots)), [])
        files.update(located)
        if not located:
            elsewhere.add(name.partition(".")[0])
        for part in parts:
            files.update(next(filter(None, (modules(root, f"{name}.{part}") for root in roots)), []))
    return frozenset(files), frozenset(elsewhere)


def imported(file: str) -> Iterator[tuple[str, list[str]]]:
    """Names of modules that a file imports, each with the names that are imported from it, which may be modules too."""
    path = Path(file)
    for node in ast.walk(ast.parse(path.read_bytes(), file)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = package_of(path).split(".")[: -node.level or None] if node.level else []
            yield ".".join([*package, *filter(None, [node.module])]), [alias.name for alias in node.names]


def package_of(path: Path) -> str:
    """The dotted name of a file of a package, by the folders above it that are packages."""
    above = [folder.name for folder in path.parents if (folder / "__init__.py").is_file()]
    return ".".join([*reversed(above), path.stem])


def modules(root: str, name: str) -> list[str]:
    """The files that importing a dotted name from `root` runs: its packages from the top on, and the module itself."""
    files = []
    for place in (Path(root, *name.split(".")[: end + 1]) for end in range(name.count(".") + 1)):
        files += [str(file) for file in (place / "__init__.py", place.with_name(f"{place.name}.py")) if file.is_file()][
            :1
        ]
    return files
