"""Common spaces and receptive fields: rotated copies are brought together, a kernel and its lag are found."""

import numpy as np
import pytest

from repdyn.alignment.receptive_fields import lagged, receptive_field, shifted_accuracies
from repdyn.alignment.shared import hyperalignment, inter_subject_correlation
from repdyn.errors import StudyError


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def turned(base: np.ndarray, noise: float, subjects: int = 4) -> np.ndarray:
    turns = [np.linalg.qr(rng(s).standard_normal((base.shape[1],) * 2))[0] for s in range(subjects)]
    return np.stack([base @ turn for turn in turns]) + noise * rng(9).standard_normal((subjects, *base.shape))


def test_rotated_copies_are_aligned_on_stimuli_that_were_not_fitted():
    subjects = turned(rng(1).standard_normal((200, 10)), 0.05)
    rotations = hyperalignment(subjects[:, :100])
    np.testing.assert_allclose(rotations[2] @ rotations[2].T, np.eye(10), atol=1e-9)
    before, after = (inter_subject_correlation(each) for each in (subjects[:, 100:], subjects[:, 100:] @ rotations))
    assert before < 0.3 and after > 0.99


def test_subjects_that_share_nothing_stay_apart_on_other_stimuli():
    subjects = rng(2).standard_normal((4, 200, 10))
    rotations = hyperalignment(subjects[:, :100])
    fitted, held_out = (
        inter_subject_correlation(subjects[:, rows] @ rotations) for rows in (slice(100), slice(100, 200))
    )
    assert fitted > 0.1 and abs(held_out) < 0.08


def test_the_correlation_of_subjects_is_the_share_of_what_they_share():
    signal = 2 * rng(3).standard_normal((3000, 2))
    assert inter_subject_correlation(signal + rng(4).standard_normal((5, 3000, 2))) == pytest.approx(0.8, abs=0.02)
    assert np.isnan(inter_subject_correlation(np.ones((3, 20, 2))))


def test_a_kernel_and_its_lag_are_found_and_noise_follows_nothing():
    kernel = np.array([0, 0, 0, 1, 0.6, -0.3, 0, 0])
    stimulus = rng(5).standard_normal(3000)
    signal = np.convolve(stimulus, kernel)[:3000]
    response = signal / signal.std() + rng(6).standard_normal(3000)
    found = receptive_field(stimulus, response, 8)
    assert found.kernel.argmax() == 3 and np.corrcoef(found.kernel, kernel)[0, 1] > 0.99
    assert found.accuracy == pytest.approx(np.sqrt(0.5), abs=0.03)
    shifts = shifted_accuracies(stimulus, response, 8, rng(), 10)
    assert shifts.shape == (10,) and shifts.max() < 0.2
    assert abs(receptive_field(stimulus, rng(7).standard_normal(3000), 8).accuracy) < 0.1


def test_lags_look_back_and_begin_with_the_mean():
    found = lagged(np.array([1.0, 2, 3, 6]), 3)
    np.testing.assert_array_equal(found, [[1, 3, 3], [2, 1, 3], [3, 2, 1], [6, 3, 2]])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: hyperalignment(np.ones((1, 9, 3))), "two subjects or more"),
        (lambda: hyperalignment(np.ones((2, 3, 3))), "3 stimuli do not determine a rotation of 3"),
        (lambda: receptive_field(np.arange(9.0), np.arange(8.0), 2), "equal length"),
        (lambda: receptive_field(np.ones(99), np.arange(99.0), 2), "vary"),
        (lambda: receptive_field(np.arange(99.0), np.arange(99.0), 0), "at least one lag"),
        (lambda: receptive_field(np.arange(60.0), np.arange(60.0), 40), "use fewer lags"),
    ],
)
def test_what_has_no_answer_is_said(call, said):
    with pytest.raises(StudyError, match=said):
        call()
