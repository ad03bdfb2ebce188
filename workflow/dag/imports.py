"""Which project files a script runs and which packages it needs, read from its imports."""

from functools import cache
from modulefinder import ModuleFinder
from pathlib import Path


@cache
def import_closure(script: str, roots: tuple[str, ...]) -> tuple[list[str], frozenset[str]]:
    """The script and every module below `roots` that it imports, directly or not, also inside functions.

    With it the names of the top-level modules that are imported from elsewhere: packages and the standard library.
    Imports by a name computed at run time are not seen: whoever needs them lists them.
    """
    finder = ModuleFinder(path=[str(Path(root).resolve()) for root in roots])
    finder.run_script(script)
    base = Path.cwd()
    inside = [base, *(Path(root).resolve() for root in roots)]
    files = {Path(module.__file__).resolve() for module in finder.modules.values() if module.__file__}
    others = sorted(
        str(file.relative_to(base) if file.is_relative_to(base) else file)
        for file in files
        if any(file.is_relative_to(folder) for folder in inside)
    )
    elsewhere = frozenset(name.partition(".")[0] for name in finder.badmodules)
    return [script, *(file for file in others if file != script)], elsewhere
