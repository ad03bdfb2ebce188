"""Every file that a step writes carries a checksum, and no reader takes a file whose checksum is wrong."""

import ast

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from common.checksum import check
from common.figure_files import write_figure
from common.files import (
    read_arrays,
    read_json,
    read_parquet,
    read_picture,
    write_arrays,
    write_json,
    write_page,
    write_parquet,
    write_picture,
)
from helpers.project import ROOT
from repdyn.errors import StudyError
from repdyn.figures.style import message_figure

TABLE = pd.DataFrame({"layer": ["a", "b"], "value": [0.5, float("nan")]})
FILES = {
    "a.json": (lambda path: write_json(path, {"steps": 60, "loss": 0.25}), read_json),
    "a.parquet": (lambda path: write_parquet(path, TABLE), read_parquet),
    "a.safetensors": (lambda path: write_arrays(path, {"x": np.arange(6)}, {"name": "a"}), read_arrays),
    "a.html": (lambda path: write_page(path, "<!doctype html><p>0.25</p>\n"), check),
    "a.webp": (lambda path: write_picture(path, b"RIFF picture"), read_picture),
}


def flipped(content: bytes, bit: int) -> bytes:
    return content[: bit // 8] + bytes([content[bit // 8] ^ 1 << bit % 8]) + content[bit // 8 + 1 :]


@pytest.mark.parametrize("name", FILES)
def test_every_flipped_bit_and_every_cut_is_refused_in_a_sentence(tmp_path, name):
    path = tmp_path / name
    write, read = FILES[name]
    write(path)
    whole = path.read_bytes()
    read(path)
    every = range(0, 8 * len(whole), 1 if len(whole) < 500 else 29)
    cuts = [whole[:kept] for kept in range(0, len(whole), 31)]
    for content in [*(flipped(whole, bit) for bit in every), *cuts, whole + b" "]:
        path.write_bytes(content)
        with pytest.raises(StudyError, match=f"{path} (is|carries) .*Delete {path}; the same command makes it again"):
            read(path)


def test_what_is_read_is_what_was_written_without_the_checksum(tmp_path):
    for name, (write, _) in FILES.items():
        write(tmp_path / name)
    assert read_json(tmp_path / "a.json") == {"steps": 60, "loss": 0.25}
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "a.parquet"), TABLE)
    some = read_parquet(tmp_path / "a.parquet", columns=["value"], filters=[("layer", "==", "b")])
    assert list(some.columns) == ["value"] and len(some) == 1
    arrays, metadata = read_arrays(tmp_path / "a.safetensors")
    assert arrays["x"].tolist() == list(range(6)) and metadata == {"name": "a"}
    assert read_picture(tmp_path / "a.webp") == b"RIFF picture"


def test_other_programs_read_the_files_too(tmp_path):
    write_parquet(tmp_path / "a.parquet", TABLE)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a.parquet"), TABLE)
    write_figure(message_figure("nothing"), tmp_path / "figure")
    for kind in ("png", "webp"):
        with Image.open(tmp_path / f"figure.{kind}") as image:
            assert image.size[0] > 100 and np.asarray(image.convert("L")).std() > 0
    drawn = (tmp_path / "figure.svg").read_text()
    assert drawn.index("</svg>") < drawn.index("<!-- sha256-of-this-file:")


def test_equal_content_gives_equal_bytes(tmp_path):
    for name, (write, _) in FILES.items():
        first, second = tmp_path / "first" / name, tmp_path / "second" / name
        write(first)
        write(second)
        assert first.read_bytes() == second.read_bytes()


# Of a user, published, or with a checksum elsewhere, and what reads and writes with one.
OTHERS = {
    "benchmark.py",
    "audit_logs.py",
    "own_data.py",
    "recordings.py",
    "unfinished.py",
    "checkpoints.py",
    "files.py",
}


def test_no_step_reads_results_past_their_checksums():
    past = {"read_parquet", "read_bytes", "safe_open", "load_file", "ParquetFile", "load"}
    found = []
    for path in sorted((ROOT / "workflow/scripts").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in past and path.name not in OTHERS:
                found.append(f"{path.name}: {ast.unparse(node)}")
    assert found == []


@pytest.mark.parametrize("path", ["data/published/source.json", "data/readme/verdicts.json"])
def test_what_lies_in_git_is_whole(path):
    check(ROOT / path)
