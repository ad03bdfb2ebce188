"""Generated cases: few in CI, alike each time; REPDYN_CASES=1000 times as many takes an hour, and they differ each time."""

import os
from contextlib import contextmanager

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from repdyn.errors import StudyError

CASES = int(os.environ.get("REPDYN_CASES", "1"))


def cases(count: int):
    """As many of one property in CI."""
    return settings(
        max_examples=count * CASES,
        derandomize=CASES == 1,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
    )


@contextmanager
def taken_or_refused():
    """Nothing but a sentence may come of a bad case: one paragraph that is no dump."""
    try:
        yield
    except StudyError as error:
        said = str(error)
        assert said.strip() and "\n\n" not in said and "Traceback" not in said and len(said) < 3000, said


# What YAML and JSON may hold.
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-2, 40),
    st.floats(),
    st.floats(-1, 2),
    st.text(max_size=30),
    st.sampled_from(
        ["", "001", "1e5", "NA", "null", "nan", "True", "$(touch X)", "..", "/", "-x", "a b", "é", "\x00", "~"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(st.text(max_size=8), st.integers()), inner, max_size=4)
    ),
    max_leaves=8,
)
