"""Any file in the place of one that is read is taken, or refused in a sentence that names it."""

import gzip
import io
import json
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from common.checksum import PLACE, seal
from common.costs import read_cost
from common.files import read_arrays, read_json, read_page, read_parquet, write_arrays, write_json, write_parquet
from common.own_data import read_file
from dag.own import shapes_of
from helpers.generated import VALUES, cases, taken_or_refused
from repdyn.audit.published_logs import parse_log
from repdyn.datasets.ag_news import read_csv
from repdyn.datasets.arrays import from_user
from repdyn.datasets.idx import read_idx
from repdyn.errors import StudyError

READERS = {"a.json": read_json, "a.parquet": read_parquet, "a.safetensors": read_arrays, "a.html": read_page}


@cases(100)
@given(
    name=st.sampled_from(sorted(READERS)),
    before=st.binary(max_size=60),
    after=st.binary(max_size=60),
    checked=st.booleans(),
)
@example(name="a.json", before=b"[", after=b"]", checked=True)
@example(name="a.json", before=b'{"other": "', after=b'"}', checked=True)
@example(name="a.safetensors", before=b"\xff" * 8, after=b"", checked=True)
def test_any_bytes_in_the_place_of_a_result(tmp_path, name, before, after, checked):
    """Refused where their checksum is wrong; with one that is right, taken for what they are or refused."""
    path = tmp_path / name
    path.write_bytes(before + PLACE.encode() + after)
    if checked:
        with taken_or_refused():
            seal(path)
        with taken_or_refused():
            READERS[name](path)
    else:
        with pytest.raises(StudyError, match="Delete "):
            READERS[name](path)


@cases(60)
@given(content=st.dictionaries(st.text(max_size=8), VALUES, max_size=4))
def test_json_comes_back_as_it_was_with_null_for_what_is_not_finite(tmp_path, content):
    content.pop("checksum", None)
    write_json(tmp_path / "a.json", content)
    plain = json.loads(json.dumps(content), parse_constant=lambda _: None)
    assert read_json(tmp_path / "a.json") == plain


@cases(40)
@given(
    values=arrays(np.float64, st.integers(0, 20)),
    names=st.lists(st.text(max_size=8), min_size=1, max_size=3, unique=True),
)
def test_tables_and_arrays_come_back_to_the_bit(tmp_path, values, names):
    import pandas as pd

    frame = pd.DataFrame({name: values for name in names})
    write_parquet(tmp_path / "a.parquet", frame)
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "a.parquet"), frame)
    write_arrays(tmp_path / "a.safetensors", {"x": values}, {"names": names})
    found, metadata = read_arrays(tmp_path / "a.safetensors")
    assert found["x"].tobytes() == values.tobytes() and metadata == {"names": names}


@cases(100)
@given(text=st.binary(max_size=120))
@example(b"took 1.50 CPU seconds, at most 20 MB")
@example(b"took ..... CPU seconds, at most 20 MB (checksum 00000000)")
def test_any_log(tmp_path, text):
    (tmp_path / "a.log").write_bytes(text)
    with taken_or_refused():
        read_cost(tmp_path / "a.log")


SIZES = st.one_of(st.integers(0, 4), st.sampled_from([28, 2**16, 2**31, 2**32 - 1]))


@cases(150)
@given(
    code=st.sampled_from([0x08, 0x0D, 0x0E, 0x00]),
    shape=st.lists(SIZES, max_size=6),
    data=st.binary(max_size=64),
    packed=st.booleans(),
)
@example(code=0x08, shape=[0] * 200, data=b"", packed=False)
@example(code=0x08, shape=[1] * 200, data=b"x", packed=False)
@example(code=0x08, shape=[0, 2**32 - 1, 2**32 - 1], data=b"", packed=False)
@example(code=0x08, shape=[2**32 - 1] * 4, data=b"", packed=True)
def test_any_idx_header(tmp_path, code, shape, data, packed):
    content = bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + data
    (tmp_path / "a").write_bytes(gzip.compress(content) if packed else content)
    with taken_or_refused():
        assert list(read_idx(tmp_path / "a").shape) == shape


@cases(100)
@given(content=st.binary(max_size=100), packed=st.booleans())
def test_any_bytes_in_the_place_of_an_original_file(tmp_path, content, packed):
    (tmp_path / "a").write_bytes(gzip.compress(content)[: len(content) + 9] if packed else content)
    for read in (read_idx, read_csv):
        with taken_or_refused():
            read(tmp_path / "a")


@cases(60)
@given(text=st.one_of(st.binary(max_size=100), VALUES.map(lambda value: json.dumps(value).encode())))
def test_any_published_log(text):
    with taken_or_refused():
        parse_log(text)


def zipped(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("train_inputs.npy", content)
    return stream.getvalue()


BYTES = st.one_of(st.binary(max_size=200), st.binary(max_size=100).map(zipped))


@cases(100)
@given(content=BYTES, suffix=st.sampled_from([".npz", ".safetensors"]))
def test_any_bytes_in_the_place_of_ones_own_arrays(tmp_path, content, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with taken_or_refused():
        shapes_of("dataset a", path)
    with taken_or_refused():
        read_file("a", path)


ANY_ARRAY = st.sampled_from([np.float32, np.float64, np.int64, np.uint8, np.bool_, np.complex64, "U3"]).flatmap(
    lambda kind: arrays(kind, array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)


@cases(100)
@given(
    kind=st.sampled_from(["image", "text", "vector"]),
    found=st.fixed_dictionaries(
        {f"{split}_{part}": ANY_ARRAY for split in ("train", "probe", "test") for part in ("inputs", "labels")}
    ),
    classes=st.one_of(st.none(), st.lists(st.text(max_size=3), max_size=3)),
)
def test_any_arrays_of_ones_own(kind, found, classes):
    with taken_or_refused():
        from_user("a", kind, found, classes)
