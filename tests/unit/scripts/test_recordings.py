"""Recordings: three forms of one array give one table, and what cannot be compared is said in a sentence."""

import builtins

import numpy as np
import pandas as pd
import pytest

from common.files import write_parquet
from common.recordings import read_recording
from helpers.html_reader import Reader
from recordings_page import made
from repdyn.alignment.recording import COLUMNS, NO_CEILING, checked, table_of
from repdyn.errors import StudyError
from repdyn.report.recordings import HEADINGS, METHODS
from repdyn.wording.numbers import short

REPEATS, STIMULI, UNITS = 3, 20, 4
NAMES, IMAGES = [f"u{number}" for number in range(UNITS)], [f"s{number}" for number in range(STIMULI)]


@pytest.fixture(scope="module")
def arrays() -> tuple[np.ndarray, np.ndarray]:
    """Counts of spikes (repeats, stimuli, units) that follow the stimuli (stimuli, 2, 3)."""
    rng = np.random.default_rng(0)
    stimuli = rng.standard_normal((STIMULI, 2, 3))
    rate = np.exp(1 + 0.5 * stimuli.reshape(STIMULI, 6) @ rng.standard_normal((6, UNITS)))
    return rng.poisson(rate, (REPEATS, STIMULI, UNITS)), stimuli


@pytest.fixture
def forms(arrays, tmp_path):
    responses, stimuli = arrays
    np.savez(tmp_path / "a.npz", responses=responses, stimuli=stimuli, units=NAMES)
    np.savez(tmp_path / "stimuli.npz", names=IMAGES, stimuli=stimuli)
    rng = np.random.default_rng(1)
    for repeat in range(REPEATS):
        folder = tmp_path / "bids/sub-01/func"
        folder.mkdir(parents=True, exist_ok=True)
        order, stem = rng.permutation(STIMULI), f"sub-01_task-look_run-{repeat + 1}"
        events = pd.DataFrame({"onset": np.arange(STIMULI), "duration": 1, "trial_type": [IMAGES[i] for i in order]})
        events.to_csv(folder / f"{stem}_events.tsv", sep="\t", index=False)
        pd.DataFrame(responses[repeat][order], columns=NAMES).to_csv(
            folder / f"{stem}_betas.tsv", sep="\t", index=False
        )
    return tmp_path


def table(recording) -> pd.DataFrame:
    features = {
        "stimuli": recording.stimuli.reshape(STIMULI, -1),
        "noise": np.random.default_rng(2).random((STIMULI, 6)),
    }
    return table_of(features, recording, np.random.default_rng(3), 5)


def test_arrays_and_a_bids_folder_give_the_same_table(forms):
    from_arrays = table(read_recording(forms / "a.npz"))
    pd.testing.assert_frame_equal(from_arrays, table(read_recording(forms / "bids", forms / "stimuli.npz")))
    assert list(from_arrays.columns) == list(COLUMNS)
    encoding = from_arrays[from_arrays["method"] == "encoding"].set_index("features")
    assert encoding.loc["stimuli", "value"] > 0.5 > encoding.loc["noise", "value"]
    assert 0.7 < encoding.loc["stimuli", "ceiling"] <= 1 and encoding.loc["stimuli", "stimuli"] == STIMULI
    assert np.isfinite(encoding["null_mean"]).all()


def test_an_nwb_file_gives_the_same_table_too(forms, arrays):
    pynwb = pytest.importorskip("pynwb", reason="pynwb, with which NWB files are read, is not installed")
    from datetime import UTC, datetime

    responses, _ = arrays
    file = pynwb.NWBFile("recording", "one", datetime(2026, 1, 1, tzinfo=UTC))
    file.add_trial_column("stimulus", "name of the stimulus")
    trials = [(repeat, image) for repeat in range(REPEATS) for image in range(STIMULI)]
    for number, (_, image) in enumerate(trials):
        file.add_trial(start_time=float(number), stop_time=number + 0.9, stimulus=IMAGES[image])
    file.add_unit_column("unit_name", "name of the unit")
    for unit, name in enumerate(NAMES):
        spikes = [
            number + 0.8 * (each + 1) / (responses[repeat, image, unit] + 1)
            for number, (repeat, image) in enumerate(trials)
            for each in range(responses[repeat, image, unit])
        ]
        file.add_unit(spike_times=spikes, unit_name=name)
    with pynwb.NWBHDF5IO(str(forms / "a.nwb"), "w") as writer:
        writer.write(file)
    found = read_recording(forms / "a.nwb", forms / "stimuli.npz")
    np.testing.assert_array_equal(found.responses, responses)
    whole = read_recording(forms / "a.npz")
    pd.testing.assert_frame_equal(table(found), table(whole))
    layer = whole.stimuli.reshape(STIMULI, -1)
    assert shown([compared_with(found, layer)], forms) == shown([compared_with(whole, layer)], forms)


def shown(tables: list[pd.DataFrame], folder) -> str:
    """The page of a recording, of a run per table."""
    files = []
    for seed, each in enumerate(tables):
        files.append(folder / f"{seed}.parquet")
        write_parquet(files[-1], each.assign(recording="mine", experiment="net-data", seed=seed))
    return made(files)


def compared_with(recording, layer) -> pd.DataFrame:
    """A layer, the same untrained, which is noise, and the input, which is nearly so."""
    rng = np.random.default_rng(4)
    noise = rng.standard_normal((STIMULI, 6))
    features = {"input": 0.3 * recording.stimuli.reshape(STIMULI, -1) + noise, "h": layer, "h, untrained": noise}
    return table_of(features, recording, np.random.default_rng(3), 5)


def test_the_page_of_every_form_has_the_same_numbers_with_control_ceiling_and_n(forms, arrays):
    read = [read_recording(forms / "a.npz"), read_recording(forms / "bids", forms / "stimuli.npz")]
    layer = read[0].stimuli.reshape(STIMULI, -1)
    pages = [shown([compared_with(each, layer)], forms) for each in read]
    assert pages[0] == pages[1]
    page, numbers = Reader(pages[0]), compared_with(read[0], layer).set_index(["features", "method"])
    table = [[cell["text"] for cell in row] for row in page.tables["mine-table"]]
    assert table[0] == list(HEADINGS) and len(table) == 1 + len(numbers)
    for row in table[1:]:
        ((feature, method),) = [each for each in numbers.index if row[:2] == [each[0], METHODS[each[1]]]]
        found = numbers.loc[(feature, method)]
        assert row[2:4] == [short(found["value"]), short(found["null_mean"])]
        assert row[4] == (short(found["ceiling"]) if np.isfinite(found["ceiling"]) else found["note"])
        assert row[5:8] == ["20", "3", "4"] and row[8].endswith(" of 1")
    value = numbers["value"].xs("encoding", level="method")
    assert (
        f"mine (20 stimuli, 3 repeats, 4 units), by ridge regression, 1 run of net-data: of all layers h predicts it best,"
        f" correlation {value['h']:.2f}; the same layer untrained {value['h, untrained']:.2f} (below it in 1 of 1 run); the"
        f" stimuli themselves {value['input']:.2f} (below it in 1 of 1 run); shuffled stimuli"
    ) in page.words()
    assert f"ceiling {numbers.loc[('h', 'encoding'), 'ceiling']:.2f}." in page.words()


def test_the_page_says_where_there_is_no_ceiling_and_where_the_network_is_no_better(arrays, tmp_path):
    responses, stimuli = arrays
    single = checked("one", responses[0], stimuli, NAMES)
    page = Reader(shown([compared_with(single, np.random.default_rng(7).random((STIMULI, 3)))] * 2, tmp_path))
    assert f"{NO_CEILING}." in page.words() and "1 repeat, 4 units" in page.words() and "ceiling 1" not in page.words()
    assert "the stimuli themselves" in page.words() and "(below it in 0 of 2 runs)" in page.words()
    assert all(row[4]["text"] == NO_CEILING for row in page.tables["mine-table"][1:])
    nothing = compared_with(single, np.ones((STIMULI, 3))).assign(value=np.nan)
    assert "how well the network predicts it is not evaluable" in Reader(shown([nothing], tmp_path)).words()


def test_one_presentation_has_no_ceiling(arrays):
    responses, stimuli = arrays
    found = table(checked("one", responses[0], stimuli, NAMES))
    assert found["ceiling"].isna().all() and (found["note"] == NO_CEILING).all() and (found["repeats"] == 1).all()
    assert found.loc[found["method"] == "similarity", "value"].isna().all()
    assert found.loc[found["method"] == "encoding", "value"].notna().all()


def spoilt(arrays, what):
    responses, stimuli = arrays[0].astype(float), arrays[1]
    names = list(NAMES)
    if what == "silent":
        responses[:, :, 2] = 0
    elif what == "few":
        responses, stimuli = responses[:, :14], stimuli[:14]
    elif what == "hole":
        responses[1, 5, 3] = np.nan
    elif what == "names":
        names = names[:3]
    elif what == "twice":
        names[1] = "u0"
    elif what == "stimuli":
        stimuli = stimuli[:9]
    return "here", responses, stimuli, names


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("silent", "here: 1 of 4 units never fire, or always alike: u2; leave them out"),
        ("few", "here: 14 stimuli are fewer than 5 folds of 3 need; 15 would do"),
        ("hole", "unit u3 has no finite response to stimulus 5 in repeat 1"),
        ("names", "4 units have responses, 3 have names"),
        ("twice", "units have the same name: u0"),
        ("stimuli", "20 stimuli have responses, 9 are given"),
    ],
)
def test_what_cannot_be_compared_is_said(arrays, what, said):
    with pytest.raises(StudyError, match=said):
        checked(*spoilt(arrays, what))


def test_files_that_lack_something_are_refused_with_a_sentence(forms, monkeypatch):
    def refused(said, *paths):
        with pytest.raises(StudyError, match=said):
            read_recording(*paths)

    refused("nothing.npz does not exist", forms / "nothing.npz")
    refused("lacks responses, units; it holds names, stimuli", forms / "stimuli.npz")
    refused("holds no stimuli that a network can read", forms / "bids")
    (forms / "broken.npz").write_bytes(b"no arrays")
    refused("is no .npz of plain arrays", forms / "broken.npz")
    np.savez(forms / "fewer.npz", names=IMAGES[:-1], stimuli=np.zeros((STIMULI - 1, 6)))
    refused("stimulus 's19' was presented, and is not among those named", forms / "bids", forms / "fewer.npz")
    last = forms / "bids/sub-01/func/sub-01_task-look_run-3_betas.tsv"
    betas = pd.read_csv(last, sep="\t")
    betas.rename(columns={"u1": "v1"}).to_csv(last, sep="\t", index=False)
    refused("its units are not those of the runs before \\(u1, v1 differ\\)", forms / "bids", forms / "stimuli.npz")
    betas.iloc[:-1].to_csv(last, sep="\t", index=False)
    refused("a column trial_type and 19 events", forms / "bids", forms / "stimuli.npz")
    last.unlink()
    refused("run-3_betas.tsv is missing", forms / "bids", forms / "stimuli.npz")
    last.with_name(last.name.replace("betas", "events")).unlink()
    events = forms / "bids/sub-01/func/sub-01_task-look_run-2_events.tsv"
    events.write_text(events.read_text().replace("\ts7\n", "\ts8\n"))
    refused("stimulus 's7' was presented 1 times, 's8' 3 times", forms / "bids", forms / "stimuli.npz")

    whole = builtins.__import__

    def without(name, *rest, **more):
        if name.startswith("pynwb"):
            raise ImportError(name)
        return whole(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    (forms / "a.nwb").write_bytes(b"")
    refused("which pynwb reads; it is not installed: `pip install pynwb`", forms / "a.nwb", forms / "stimuli.npz")
