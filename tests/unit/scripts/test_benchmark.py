"""What the benchmark keeps and compares, on tables and logs made by hand."""

import pandas as pd
import pytest

import benchmark
from repdyn.errors import StudyError


def write_logs(root, costs):
    for name, seconds in costs.items():
        path = root / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"took {seconds} CPU seconds, at most 100 MB\n" if seconds else "failed\n")
    return root


def test_studies_are_compared_by_the_jobs_that_they_share(tmp_path, capsys):
    there = write_logs(
        tmp_path / "a", {"train/x-seed0.log": 10.0, "phase2/x-seed0.log": 8.0, "report.log": 2.0, "y.log": 9.0}
    )
    here = write_logs(
        tmp_path / "b", {"train/x-seed0.log": 6.0, "phase2/x-seed0.log": 4.0, "report.log": 1.5, "z.log": 1.0}
    )
    benchmark.compare_studies(there, here)
    by_stage = capsys.readouterr().out.rpartition("stage ")[2]
    rows = {" ".join(row.split()[:-4]): [float(cell) for cell in row.split()[-4:]] for row in by_stage.splitlines()[1:]}
    assert rows["training"] == [1, 10, 6, 0.6] and rows["phase 2"] == [1, 8, 4, 0.5]
    assert rows["figures, pages, phase 1 and tables"] == [1, 2, 1.5, 0.75]


def test_a_job_without_a_record_is_in_neither_sum_and_nothing_in_common_is_an_error(tmp_path, capsys):
    there = write_logs(tmp_path / "a", {"train/x-seed0.log": 10.0, "train/y-seed0.log": 5.0})
    here = write_logs(tmp_path / "b", {"train/x-seed0.log": 6.0, "train/y-seed0.log": None})
    benchmark.compare_studies(there, here)
    assert capsys.readouterr().out.split()[-4:] == ["1", "10.0", "6.0", "0.6"]
    with pytest.raises(StudyError, match="no job in common"):
        benchmark.compare_studies(there, tmp_path)


def test_what_is_kept_is_a_row_per_network_without_the_sum(tmp_path):
    table = pd.DataFrame({"untracked": [1.0, 2.0], "bare": [2.0, 4.0], "tracked": [2.2, 4.4]}, index=["a", "b"])
    table.loc["mlp, all"] = table.sum()
    benchmark.record([benchmark.cost_of_tracking(table)], 2000, tmp_path / "kept.parquet")
    kept = pd.read_parquet(tmp_path / "kept.parquet")
    assert kept.to_dict("records") == [
        {"network": "a", "floor": 2.0, "tracked": 2.2, "steps": 2000},
        {"network": "b", "floor": 4.0, "tracked": 4.4, "steps": 2000},
    ]
