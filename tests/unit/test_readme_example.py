"""The examples run on models that are not ours, and print what the documents and the guide say."""

import os
import re
import runpy
import subprocess
import sys

from helpers.project import ROOT
from repdyn.toolkit.questions import RECIPES

NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"


def printed_by(*command: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow"), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def numbers(text: str) -> list[float]:
    return [float(value) for value in re.findall(NUMBER, text)]


def test_the_example_prints_what_the_readme_says():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code, said = re.search(r"<!-- example -->\n```python\n(.*?)```.*?```text\n(.*?)```", readme, re.S).groups()
    assert_same(printed_by("-c", code), said)


def assert_same(printed: str, said: str) -> None:
    """Numbers differ in the last digit between processors."""
    assert re.sub(NUMBER, "#", printed) == re.sub(NUMBER, "#", said)
    assert all(abs(a - b) <= 0.1 * abs(b) + 0.011 for a, b in zip(numbers(printed), numbers(said), strict=True))


def test_the_example_of_a_residual_network_prints_what_its_document_says():
    said = re.search(r"```text\n(.*?)```", (ROOT / "examples/README.md").read_text(encoding="utf-8"), re.S)[1]
    printed = printed_by(str(ROOT / "examples/residual.py"))
    assert re.sub(NUMBER, "#", printed) == re.sub(NUMBER, "#", said)
    *_, branch, whole = (float(share) for share in re.findall(r"(\d+)%", printed))
    assert whole == 100 and 0 < branch < 100  # a patch of everything that passes through carries everything


def found(recipe: str, capsys) -> list[list[float]]:
    """The numbers of each line that a recipe prints, which are those that the guide shows beside it.

    In this process: importing torch costs more than most of them.
    """
    capsys.readouterr()
    runpy.run_path(str(ROOT / f"examples/recipes/{recipe}.py"))
    printed = capsys.readouterr().out
    assert_same(printed, (ROOT / f"examples/recipes/{recipe}.txt").read_text(encoding="utf-8"))
    return [numbers(line.partition(":")[2] or line) for line in printed.splitlines()]


def test_the_layer_that_holds_what_is_asked_for_is_found_beside_its_controls(capsys):
    (start, control), (turned, _), (computed, most), (forgotten, _) = found("layers", capsys)
    assert computed == 1 and most < 0.6
    assert max(start, turned, forgotten) < 0.56 and control < 0.6


def test_the_head_that_copies_carries_the_answer_and_its_control_nothing(capsys):
    shares = [[float(share) for share in line] for line in found("heads", capsys)]
    assert [line[-1] for line in shares] == [100, 0, 0, 0]


def test_the_fixed_points_of_two_units_are_nine_and_of_weaker_ones_one(capsys):
    strong, (largest,), weak, (whole,) = found("fixed_points", capsys)
    assert strong == [9, 4] and 25 <= largest < 33  # four basins of equal size
    assert weak == [1, 1] and whole == 100


def test_the_dimension_of_a_sphere_is_beyond_its_covariance_and_that_of_a_gaussian_within(capsys):
    sphere, gaussian = found("dimension", capsys)
    assert abs(sphere[0] - 2) < 0.2 and sphere[1] < 3 < sphere[2]
    assert gaussian[1] < gaussian[0] < gaussian[2]


def test_features_of_the_same_causes_agree_and_those_of_others_as_little_as_shuffled_ones(capsys):
    (same,), (others,), (shuffled,) = found("features", capsys)
    assert same > 0.95 and max(others, shuffled) < 0.1


def test_the_circuit_of_features_is_the_two_causes_of_the_answer(capsys):
    (one, first, large), (other, second, small), (alone, both, rest), (size,) = found("circuit", capsys)
    assert (one, other, size) == (1, 2, 2) and min(first, second) > 0.97
    assert abs(large - 60) < 4 and abs(small - 40) < 4  # three and two of five
    assert abs(alone - 60) < 5 and both > 95 and abs(rest) < 3


def test_a_jump_is_found_where_it_was_planted_and_nowhere_else(capsys):
    (p,), (place, planted) = found("jumps", capsys)
    assert p == 1 and place == 149 and planted <= 0.01


def test_every_recipe_is_short_prints_what_is_kept_and_asks_what_it_answers():
    folder = ROOT / "examples/recipes"
    assert {path.stem for path in folder.glob("*.py")} == {path.stem for path in folder.glob("*.txt")} == set(RECIPES)
    for name in RECIPES:
        text = (folder / f"{name}.py").read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 60 and "?" in text.partition("\n")[0]
