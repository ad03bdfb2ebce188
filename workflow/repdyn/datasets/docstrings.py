"""Docstring prose of numpy, scipy, pandas and scikit-learn as installed; task: which library.

Masking. Names that would give the library away become the unknown token:
1. everything marked up as code or mathematics (roles, backticks, $...$, URLs) and every token that looks like
   code (underscore, digit beside a letter, inner capital as in DataFrame, dotted path, brackets, `=`, `\\`);
2. the libraries' names and import aliases (`ALIASES`) and the objects that stand for one of them (`EMBLEMS`);
3. the public modules and subpackages directly under each library (linalg, stats, metrics, ...);
4. the public classes defined in any module (series, index, ridge, ...), and the plurals of 2 to 4;
5. the public functions whose name occurs in the prose of one library only (argsort, groupby, ...); plain
   words such as "mean" or "all", which several libraries use, stay.
"""

import ast
import gc
import importlib.metadata
import importlib.util
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from repdyn.datasets import SPLITS, Dataset, generator, require_counts
from repdyn.datasets.text import UNKNOWN, build_vocabulary, encode, words
from repdyn.errors import StudyError

PACKAGES = {"numpy": "numpy", "scipy": "scipy", "pandas": "pandas", "scikit-learn": "sklearn"}
ALIASES = ("numpy", "np", "scipy", "sp", "pandas", "pd", "sklearn", "skl", "scikit", "scikits")
# Objects that stand for one library, but are compiled or written as a plain word.
EMBLEMS = ("ndarray", "ufunc", "gufunc", "dtype", "dataframe", "timedelta", "timestamp", "nan", "nat", "estimator")
SKIPPED_FOLDERS = {"tests", "externals", "_external", "_vendored", "array_api_compat", "array_api_extra"}
SKIPPED_FILES = {"conftest", "setup"}
SKIPPED_SECTIONS = {
    *("parameters", "other parameters", "returns", "yields", "raises", "warns", "attributes", "methods"),
    *("see also", "references", "examples"),
}
PER_MODULE = 40  # paragraphs; keeps a few huge modules from filling a split

UNDERLINE = re.compile(r"[-=~^]{3,}")
PROSE_START = re.compile(r"[A-Za-z`\"'(]")
NOT_PROSE = re.compile(r"[-=~>.*|+]{2,}|\.\. |deprecated::|[\w*, ]+ : ")
MARKUP = re.compile(
    r"(?::[\w:+.-]+:`[^`]*`|``.*?``|`[^`]*`_{0,2}|\$[^$]*\$|\w+://\S+|scikit[- ]?learn|\{[^}]*\})(?:['’]s)?",
    re.IGNORECASE,
)
CODE = re.compile(r"[_=\\{}\[\]<>@#|^]|[a-z][A-Z]|[A-Z]{2,}[a-z]{2,}|\d[A-Za-z]|[A-Za-z]\d|\w{2,}\.\w{2,}|\w\(")
MASK = "\0"


@dataclass(frozen=True)
class Corpus:
    """Masked paragraphs (library, module, words) in a fixed order, and the names that were masked."""

    paragraphs: tuple[tuple[str, str, tuple[str, ...]], ...]
    masked: frozenset[str]


def load(
    seed: int,
    train: int = 2000,
    probe: int = 256,
    test: int = 600,
    vocabulary: int = 2000,
    length: int = 24,
    shortest: int = 12,
) -> Dataset:
    """Token ids (length,) of paragraphs with at least `shortest` unmasked words.

    No module contributes to two splits and no example of one equals one of another. The class counts of a
    split differ by at most one. The vocabulary comes from the training examples. `truth` records the versions
    of the libraries, on which the text depends.
    Raises StudyError if the libraries do not hold enough paragraphs.
    """
    counts = dict(zip(SPLITS, (train, probe, test), strict=True))
    require_counts("docstrings", counts | {"vocabulary": vocabulary, "length": length, "shortest": shortest})
    pools = split_modules(seed, counts, length, shortest)
    table = ()
    inputs, labels = {}, {}
    seen = set()
    for split, n in counts.items():
        rng = generator(seed, f"docstrings {split}")
        texts, labels[split] = draw(rng, pools[split], n, table, length, seen)
        table = table or build_vocabulary(texts, vocabulary)
        inputs[split] = encode(texts, table, length)
        seen |= {row.tobytes() for row in inputs[split]}
    return Dataset("docstrings", "text", tuple(PACKAGES), inputs, labels, table, {"versions": versions()})


def versions() -> dict[str, str]:
    """Installed version of each library."""
    return {library: importlib.metadata.version(library) for library in PACKAGES}


def split_modules(
    seed: int, counts: dict[str, int], length: int, shortest: int
) -> dict[str, dict[str, list[tuple[str, tuple[str, ...]]]]]:
    """Per split and library the candidate paragraphs (module, words cut to `length`).

    No module is in two splits. Modules come in random order; each goes to the split that
    is least full relative to what it must supply, with at most PER_MODULE of its paragraphs.
    """
    pools = {split: {} for split in counts}
    for library, modules in candidates(length, shortest).items():
        rng = generator(seed, f"docstrings modules {library}")
        parts = {split: [] for split in counts}
        for position in rng.permutation(len(modules)):
            module, texts = modules[position]
            split = min(parts, key=lambda name: len(parts[name]) / counts[name])
            kept = rng.permutation(len(texts))[:PER_MODULE]
            parts[split] += [(module, texts[row]) for row in kept]
        for split in counts:
            pools[split][library] = parts[split]
    return pools


def candidates(length: int, shortest: int) -> dict[str, list[tuple[str, list[tuple[str, ...]]]]]:
    """Per library its modules, each with its long enough paragraphs cut to `length` words.

    Text found in two libraries is dropped; within a library the first occurrence is kept.
    """
    owners = defaultdict(set)
    kept = defaultdict(dict)
    for library, module, text in corpus().paragraphs:
        cropped = text[:length]
        owners[cropped].add(library)
        if sum(word != UNKNOWN for word in text) >= shortest:
            kept[library].setdefault(cropped, module)
    grouped = {}
    for library in PACKAGES:
        modules = defaultdict(list)
        for text, module in kept[library].items():
            if len(owners[text]) == 1:
                modules[module].append(text)
        grouped[library] = list(modules.items())
    return grouped


def draw(
    rng: np.random.Generator,
    pool: dict[str, list[tuple[str, tuple[str, ...]]]],
    n: int,
    table: tuple[str, ...],
    length: int,
    seen: set[bytes],
) -> tuple[list[tuple[str, ...]], np.ndarray]:
    """Balanced random texts and labels (n,), without those that the vocabulary makes equal."""
    quota = np.bincount(np.arange(n) % len(pool), minlength=len(pool))
    texts, labels = [], []
    taken = set(seen)
    for label, (library, found) in enumerate(pool.items()):
        chosen = []
        for position in rng.permutation(len(found)):
            text = found[position][1]
            key = encode([text], table, length).tobytes() if table else text
            if key not in taken and len(chosen) < quota[label]:
                taken.add(key)
                chosen.append(text)
        if len(chosen) < quota[label]:
            raise StudyError(
                f"dataset docstrings: {quota[label]} paragraphs of {library} are asked for in one split, "
                f"its modules there hold {len(chosen)}: ask for fewer"
            )
        texts += chosen
        labels += [label] * len(chosen)
    order = rng.permutation(n)
    return [texts[row] for row in order], np.array(labels, dtype=np.int64)[order]


@lru_cache(maxsize=1)
def corpus() -> Corpus:
    """All masked prose paragraphs of the four libraries, in the order of their sorted file paths."""
    raw, classes, functions = [], set(), set()
    with no_collection():
        for library, package in PACKAGES.items():
            root = package_folder(library, package)
            for path in source_files(root):
                tree = ast.parse(path.read_text(encoding="utf-8"))
                classes |= public_names(tree, ast.ClassDef)
                functions |= public_names(tree, ast.FunctionDef)
                module = f"{package}/{path.relative_to(root).as_posix()}"
                raw += [(library, module, tokens(text)) for text in paragraphs(tree)]
    masked = masked_names(raw, classes, functions)
    return Corpus(tuple((library, module, mask(text, masked)) for library, module, text in raw), masked)


def package_folder(library: str, package: str) -> Path:
    """Folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise StudyError(f"dataset docstrings: {library} is not installed; install the pinned list in envs/")
    return Path(spec.submodule_search_locations[0])


def source_files(root: Path) -> list[Path]:
    """The package's own Python files, sorted; tests and vendored code are left out."""
    return [
        path
        for path in sorted(root.rglob("*.py"))
        if not SKIPPED_FOLDERS & set(path.relative_to(root).parts) and path.stem not in SKIPPED_FILES
    ]


@contextmanager
def no_collection() -> Iterator[None]:
    """Suspend cyclic garbage collection, which doubles the time of parsing large files."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def public_names(tree: ast.Module, kind: type) -> set[str]:
    """Lower-case names of the module's public top-level classes or functions."""
    return {node.name.lower() for node in tree.body if isinstance(node, kind) and not node.name.startswith("_")}


def paragraphs(tree: ast.Module) -> Iterator[str]:
    """Prose paragraphs of the docstrings of a module, its classes, functions and methods."""
    for node in documented(tree):
        section = ""
        for block in re.split(r"\n\s*\n", ast.get_docstring(node) or ""):
            lines = block.split("\n")
            if len(lines) > 1 and UNDERLINE.fullmatch(lines[1].strip()):
                section, lines = lines[0].strip().lower(), lines[2:]
            if section not in SKIPPED_SECTIONS and is_prose(lines):
                yield " ".join(lines)


def documented(node: ast.Module | ast.ClassDef) -> Iterator[ast.AST]:
    """The node and the classes, functions and methods in it, without what functions define inside."""
    yield node
    for child in node.body:
        if isinstance(child, ast.ClassDef):
            yield from documented(child)
        elif isinstance(child, ast.FunctionDef):
            yield child


def is_prose(lines: list[str]) -> bool:
    """Whether every line is flush left and none is a table, list, directive, doctest or parameter."""
    return bool(lines) and all(PROSE_START.match(line) and not NOT_PROSE.match(line) for line in lines)


def tokens(text: str) -> tuple[str, ...]:
    """Lower-case words; what is marked up as or looks like code is the unknown token (rule 1)."""
    return tuple(word for chunk in MARKUP.sub(f" {MASK} ", text).split() for word in chunk_words(chunk))


@cache
def chunk_words(chunk: str) -> tuple[str, ...]:
    """Words of a stretch without white space, or the unknown token if it is code."""
    bare = chunk.strip(".,;:!?()\"'")
    return (UNKNOWN,) if MASK in chunk or CODE.search(bare) else tuple(words(bare))


def masked_names(
    raw: Iterable[tuple[str, str, tuple[str, ...]]], classes: set[str], functions: set[str]
) -> frozenset[str]:
    """Words to mask by rules 2 to 5, with plurals."""
    names = set(ALIASES) | set(EMBLEMS) | classes
    for library, package in PACKAGES.items():
        names |= public_modules(package_folder(library, package))
    users = defaultdict(set)
    for library, _, text in raw:
        for word in text:
            users[word].add(library)
    names |= {name for name in functions if len(users[name]) == 1}
    parts = {name for name in names if name.isalpha()}
    return frozenset(parts | {f"{name}s" for name in parts})


def public_modules(root: Path) -> set[str]:
    """Names of the public modules and subpackages directly under a package."""
    inside = [path for path in root.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()]
    return {path.stem for path in inside if not path.stem.startswith("_") and path.stem not in {"tests", "setup"}}


def mask(text: tuple[str, ...], masked: frozenset[str]) -> tuple[str, ...]:
    """The words with masked ones unknown; a run of unknowns is one, so that formulas stay short."""
    hidden = [UNKNOWN if word in masked else word for word in text]
    return tuple(word for i, word in enumerate(hidden) if word != UNKNOWN or i == 0 or hidden[i - 1] != UNKNOWN)
