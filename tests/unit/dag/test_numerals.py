"""Numbers of YAML are what they look like, or refused."""

import pytest

from dag.numerals import require_decimals
from repdyn.errors import StudyError


@pytest.mark.parametrize("value", ["010", "1_000", "1:30", "0x10", "0b1", "1_0.5", "1:30.5", "00.5"])
def test_numbers_that_are_not_what_they_look_like_are_refused(tmp_path, value):
    (tmp_path / "a.yaml").write_text(f"a: 1\nb: [{{c: {value}}}]\n")
    with pytest.raises(StudyError) as refused:
        require_decimals(tmp_path / "a.yaml")
    assert f"a.yaml, line 2: {value} is no decimal number" in str(refused.value)


@pytest.mark.parametrize(
    "value", ["10", "-3", "+2", "0", "0.5", ".5", "1.0e-3", "2.", "-.inf", ".nan", "'010'", "v1_0", "", "[]"]
)
def test_decimal_numbers_text_and_nothing_are_taken(tmp_path, value):
    (tmp_path / "a.yaml").write_text(f"a: &x {value}\nb: *x\n010: key\n")
    require_decimals(tmp_path / "a.yaml")
