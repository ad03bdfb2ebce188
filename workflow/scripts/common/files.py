"""Reading and writing what steps exchange: every file appears whole under its name or not at all, carries a checksum, and is
read only where that is right."""

import hashlib
import json
import os
import sys
from collections.abc import Collection
from contextlib import contextmanager
from glob import escape
from pathlib import Path

import numpy as np

from common.checksum import PLACE, again, check, seal
from common.cost import print_cost
from repdyn.errors import StudyError

# The last line of pages and pictures: a comment of HTML, Markdown and SVG, and behind the end of PNG and WebP.
END = f"\n<!-- {PLACE} -->\n".encode()


@contextmanager
def atomic(path: Path):
    """Yield a temporary path beside `path`; it takes the name of `path` when the block ends without an error."""
    refuse_link(path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    temporary.unlink(missing_ok=True)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def refuse_link(path: Path) -> None:
    """StudyError for a symbolic link: what lies behind it is not the study's to overwrite or delete."""
    if path.is_symlink():
        raise StudyError(
            f"{path} is a symbolic link, and nothing is written or deleted through one. Remove the link; the same command"
            " continues. For another disk, let the whole folder of results lie there: --config results=FOLDER"
        )


def remove_leftovers(path: Path) -> None:
    """Remove the temporary files of `path` whose processes were killed."""
    for left in path.parent.glob(f".{escape(path.name)}.*.part"):
        try:
            os.kill(int(left.suffixes[-2].removeprefix(".")), 0)
        except ProcessLookupError:
            left.unlink(missing_ok=True)
        except PermissionError:
            # Somebody else's process has this number.
            continue


@contextmanager
def of_its_kind(path: Path, kind: str, *others: type[Exception]):
    """StudyError for a file that is whole, and another than the one that should stand under its name."""
    try:
        yield
    except (ValueError, KeyError, TypeError, *others) as error:
        reason = str(error).splitlines()[0][:200]
        raise StudyError(f"{path} does not hold {kind} ({reason}). {again(path)}") from error


def write_json(path: Path, content: dict) -> None:
    """JSON with numbers that are not finite as null."""
    content = _plain({"checksum": PLACE, **content})
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        seal(temporary)


def require_held(path: Path, content: Collection[str], names: Collection[str]) -> None:
    """StudyError for a file that lacks keys or columns: whole, with a right checksum, and not what its name says."""
    if missing := [name for name in names if name not in content]:
        raise StudyError(
            f"{path} lacks {', '.join(missing)}: another version wrote it, or it is another file. {again(path)}"
        )


class Content(dict):
    """What a file of results holds: a key that is asked for and not there is named, with the file."""

    def __init__(self, pairs: list[tuple], path: Path):
        super().__init__(pairs)
        self.path = path

    def __missing__(self, key):
        raise StudyError(f"{self.path} lacks {key!r}: it is not what its name says. {again(self.path)}")


def read_json(path: Path) -> dict:
    """The content of a file that `write_json` wrote. StudyError, then and later, for what it should hold and does not."""
    check(path)
    with of_its_kind(path, "JSON"):
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=lambda pairs: Content(pairs, path))
        del content["checksum"]
        return content


def write_parquet(path: Path, frame) -> None:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    with atomic(path) as temporary:
        with ParquetWriter(temporary, table.schema) as writer:
            writer.write_table(table)
            writer.add_key_value_metadata({"checksum": PLACE})
        seal(temporary)


def read_parquet(path: Path, columns: list[str] | None = None, filters: list | None = None, held: Collection[str] = ()):
    """A table as a data frame, or some of it. columns, filters: those of `pandas.read_parquet`. StudyError for a table that
    lacks a column of `held`."""
    import pandas as pd

    check(path)
    with of_its_kind(path, f"a table with {', '.join(columns)}" if columns else "a table"):
        table = pd.read_parquet(path, columns=columns, filters=filters)
    require_held(path, table.columns, held)
    return table


def write_page(path: Path, text: str) -> None:
    """HTML or Markdown."""
    write_picture(path, text.encode())


def read_page(path: Path) -> str:
    with of_its_kind(path, "text"):
        return read_picture(path).decode()


def write_picture(path: Path, content: bytes) -> None:
    """A picture: whoever shows one reads no further than its own end."""
    with atomic(path) as temporary:
        temporary.write_bytes(content + END)
        seal(temporary)


def read_picture(path: Path) -> bytes:
    """What was given to `write_picture`."""
    check(path)
    return path.read_bytes()[: -len(END)]


def write_arrays(path: Path, arrays: dict[str, np.ndarray], metadata: dict) -> None:
    """Arrays and JSON metadata as one safetensors file."""
    from safetensors.numpy import save_file

    # The library writes the memory of an array as it lies, and takes it for C order.
    arrays = {name: np.asarray(values, order="C") for name, values in arrays.items()}
    write_safetensors(path, save_file, arrays, {"json": json.dumps({"checksum": PLACE, **metadata})})


def write_safetensors(path: Path, save_file, tensors: dict, metadata: dict | None = None) -> None:
    """Tensors with the `save_file` of their library; with a checksum inside where there are metadata."""
    from safetensors import SafetensorError

    with atomic(path) as temporary:
        try:
            save_file(tensors, temporary, metadata)
            if metadata:
                seal(temporary)
        except SafetensorError as error:
            # The library hides the system's error in its text.
            raise StudyError(
                f"{path} could not be written ({error}). Nothing half-written is left; run again."
            ) from error


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """Inverse of `write_arrays`."""
    from safetensors import SafetensorError, safe_open

    check(path)
    with of_its_kind(path, "arrays", SafetensorError), safe_open(path, framework="numpy") as stored:
        arrays = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 (not a dict)
        metadata = json.loads(stored.metadata()["json"])
        del metadata["checksum"]
        return arrays, metadata


def sha256(path: Path) -> str:
    with path.open("rb") as stored:
        return hashlib.file_digest(stored, "sha256").hexdigest()


@contextmanager
def readable_errors():
    """Print bad input and a full or read-only disk as one paragraph, and end with status 1; else print what it cost."""
    try:
        yield
        print_cost()
    except StudyError as error:
        sys.exit(f"\nError: {error}")
    except OSError as error:
        # Libraries raise it with a text alone.
        said = f"{error.strerror}: {error.filename or 'while writing'}" if error.strerror else error
        sys.exit(f"\nError: {said}. Nothing half-written is left; run again.")


def _plain(content):
    if isinstance(content, dict):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if isinstance(content, np.generic):
        content = content.item()
    return None if isinstance(content, float) and not np.isfinite(content) else content
