"""Names of what is measured, as people read them."""

from repdyn.wording.names import detector_name, measure_name


def test_measures_are_named_in_words_and_abbreviations_as_the_field_writes_them():
    assert measure_name("cka_half_difference") == "CKA half difference"
    assert measure_name("head_mean_ablation_se") == "head mean ablation standard error"
    assert measure_name("treves_rolls") == "Treves-Rolls sparseness"
    assert measure_name("erased_probe/leace") == "erased probe, LEACE"
    # A part is a whole word: neither "se" nor "mine" within one.
    assert measure_name("separability") == "separability" and measure_name("mined") == "mined"


def test_detectors_are_named_in_words_and_unknown_ones_by_their_names():
    assert detector_name("zscore") == "|z| > 2 (published)" and detector_name("own") == "own"
