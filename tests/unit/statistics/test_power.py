"""Power agrees with the tests it stands for, is the declared level without an effect, and grows with what is asked."""

import numpy as np
import pytest
from scipy.stats import nct, t

from repdyn.statistics.power import detectable, power
from repdyn.study.hypotheses import label_permutation_p, sign_flip_p


def test_against_very_many_placebos_it_is_that_of_the_paired_t_test():
    n, effect = 12, 0.9
    exact = nct.sf(t.ppf(0.975, n - 1), n - 1, effect * np.sqrt(n))
    found = power(n, 4000, effect, np.random.default_rng(0))
    # Both tests must find it; the second, against a mean that is known, hardly ever misses what the first finds.
    assert exact - 0.04 < found < exact + 0.02


def test_the_tests_of_the_study_find_as_much():
    rng = np.random.default_rng(1)
    n, m, effect, draws = 9, 8, 1.6, 150
    found = 0
    for _ in range(draws):
        jump, placebo = rng.standard_normal(n) + effect, rng.standard_normal(m)
        found += sign_flip_p(jump, rng) < 0.05 and label_permutation_p(jump, placebo, rng) < 0.05
    assert found / draws == pytest.approx(power(n, m, effect, np.random.default_rng(2)), abs=0.1)


def test_without_an_effect_next_to_nothing_is_found():
    assert power(20, 20, 0.0, np.random.default_rng(3)) < 0.025


def test_what_can_be_detected_shrinks_with_the_number_of_experiments():
    few, many = (detectable(n, n, 0.8, np.random.default_rng(4)) for n in (6, 25))
    assert power(25, 25, many, np.random.default_rng(5)) == pytest.approx(0.8, abs=0.05)
    assert many < 0.9 < few
    assert np.isnan(detectable(2, 2, 0.99, np.random.default_rng(6)))
