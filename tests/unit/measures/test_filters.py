"""Filters: overlap, turning and frequency against known filters, closed-form nulls against simulation."""

import numpy as np
import pytest
import torch

from repdyn.errors import StudyError
from repdyn.measures.filters import (
    cosine,
    gram_deviation,
    gram_deviation_of_random_directions,
    measure,
    overlap,
    overlap_of_random_directions,
    radial_frequency,
    radial_frequency_of_noise,
    relative_change,
    welch_bound,
    with_maps,
)
from repdyn.measures.subject import Subject, Window
from repdyn.models import build

CHANNELS = (16, 24)


def cnn(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build({"family": "cnn", "channels": list(CHANNELS)}, "image", (16, 16), 3)


def subject(states, windows=()):
    images = torch.zeros(4, 1, 16, 16)
    return Subject(cnn(), states, images, torch.tensor([0, 1, 2, 0]), 3, grid=(0, 9), windows=windows)


def test_orthogonal_filters_do_not_overlap_and_duplicates_overlap_fully():
    orthogonal = np.linalg.qr(np.random.default_rng(0).standard_normal((9, 9)))[0][:6] * np.arange(1, 7)[:, None]
    assert overlap(orthogonal) == pytest.approx(0, abs=1e-12)
    assert gram_deviation(orthogonal) == pytest.approx(0, abs=1e-12)
    same = np.outer([1, -2, 0.5, 3], np.arange(1, 10))
    assert overlap(same) == pytest.approx(1, abs=1e-12)
    assert gram_deviation(same) == pytest.approx(1, abs=1e-12)


def test_overlap_of_three_filters_by_hand():
    filters = np.array([[1, 0], [0, 2], [3, 4]])
    assert overlap(filters) == pytest.approx((0 + 0.6 + 0.8) / 3)
    assert gram_deviation(filters) == pytest.approx(np.sqrt((0.36 + 0.64) / 3))
    gram = np.array([[1, 0, 0.6], [0, 1, 0.8], [0.6, 0.8, 1]])
    assert gram_deviation(filters) == pytest.approx(np.linalg.norm(gram - np.eye(3)) / np.sqrt(6))


@pytest.mark.parametrize(("m", "d"), [(4, 4), (8, 9), (32, 9), (24, 72)])
def test_nulls_of_random_directions_hold_in_simulation(m, d):
    rng = np.random.default_rng(1)
    draws = [rng.standard_normal((m, d)) for _ in range(3000)]
    for statistic, null in (
        (overlap, overlap_of_random_directions(m, d)),
        (gram_deviation, gram_deviation_of_random_directions(m, d)),
    ):
        values = np.array([statistic(filters) for filters in draws])
        assert values.mean() == pytest.approx(null[0], abs=3 * null[1] / np.sqrt(len(values)) + 0.001 * null[0])
        assert values.std() == pytest.approx(null[1], rel=0.06)


def test_expected_cosine_is_exact_in_two_and_three_dimensions_and_nears_its_limit():
    assert overlap_of_random_directions(5, 2)[0] == pytest.approx(2 / np.pi)
    assert overlap_of_random_directions(5, 3)[0] == pytest.approx(1 / 2)
    assert overlap_of_random_directions(5, 1) == (pytest.approx(1), pytest.approx(0, abs=1e-6))
    assert overlap_of_random_directions(64, 288)[0] == pytest.approx(np.sqrt(2 / (np.pi * 288)), rel=1e-3)


def test_no_filters_lie_below_the_welch_bound_and_repeated_bases_attain_it():
    base = np.linalg.qr(np.random.default_rng(2).standard_normal((5, 5)))[0]
    repeated = np.tile(base, (3, 1))
    assert gram_deviation(repeated) == pytest.approx(welch_bound(15, 5), abs=1e-12)
    assert overlap(repeated) == pytest.approx(welch_bound(15, 5) ** 2, abs=1e-12)
    assert welch_bound(15, 5) == pytest.approx(np.sqrt(10 / 70))
    assert welch_bound(5, 5) == 0
    # The regular simplex: three directions in the plane, every |cosine| 1/2.
    angle = 2 * np.pi * np.arange(3) / 3
    simplex = np.stack([np.cos(angle), np.sin(angle)], 1)
    assert gram_deviation(simplex) == pytest.approx(welch_bound(3, 2)) == pytest.approx(0.5)


def test_filters_without_a_direction_are_not_evaluable():
    zero = np.array([[1.0, 2.0], [0.0, 0.0], [2.0, 1.0]])
    assert np.isnan(overlap(zero))
    assert np.isnan(gram_deviation(zero))
    assert np.isnan(overlap(zero[:1]))
    assert np.isnan(overlap_of_random_directions(1, 9)[1])
    assert np.isnan(gram_deviation_of_random_directions(1, 9)).all()
    assert np.isnan(welch_bound(1, 9))
    assert np.isnan(cosine(zero, zero)).tolist() == [False, True, False]
    assert np.isnan(relative_change(zero, zero)).tolist() == [False, True, False]
    assert np.isnan(radial_frequency(np.stack([np.zeros((3, 3)), np.eye(3)]))).tolist() == [True, False]


@pytest.mark.parametrize("filters", [np.ones((2, 3, 3)), np.array([[1.0, np.inf]]), np.array([[1.0, np.nan]])])
def test_what_is_not_a_table_of_numbers_is_refused(filters):
    with pytest.raises(StudyError, match="table"):
        overlap(filters)


def test_cosine_and_change_by_hand():
    before = np.array([[3.0, 4.0], [1.0, 0.0], [1.0, 1.0]])
    after = np.array([[6.0, 8.0], [0.0, 1.0], [-1.0, -1.0]])
    assert cosine(after, before) == pytest.approx([1, 0, -1])
    assert relative_change(after, before) == pytest.approx([1, np.sqrt(2), 2])
    random = np.random.default_rng(3).standard_normal((2, 20000, 9))
    values = cosine(*random)
    assert values.mean() == pytest.approx(0, abs=0.01)
    assert values.std() == pytest.approx(1 / 3, rel=0.02)


def test_a_plane_wave_has_its_own_frequency():
    x = np.arange(16)
    along = np.cos(2 * np.pi * 3 * x / 16)[None, :] * np.ones((16, 1))
    diagonal = np.cos(2 * np.pi * (3 * x[:, None] + 4 * x) / 16)
    assert radial_frequency(np.stack([along, diagonal]), size=16) == pytest.approx([3 / 16, 5 / 16], abs=1e-12)


def test_frequency_is_that_of_the_padded_transform():
    filters = np.random.default_rng(4).standard_normal((5, 3, 3))
    power = np.abs(np.fft.fft2(filters, s=(64, 64))) ** 2
    frequency = np.fft.fftfreq(64)
    radius = np.sqrt(frequency[:, None] ** 2 + frequency[None, :] ** 2)
    assert radial_frequency(filters) == pytest.approx((power * radius).sum((1, 2)) / power.sum((1, 2)), rel=1e-9)
    assert radial_frequency(-7 * filters) == pytest.approx(radial_frequency(filters))


def test_white_noise_has_the_frequency_of_its_null_and_smooth_filters_less():
    mean, sd = radial_frequency_of_noise(3)
    noise = radial_frequency(np.random.default_rng(5).standard_normal((20000, 3, 3)))
    assert noise.mean() == pytest.approx(mean, abs=4 * sd / np.sqrt(20000))
    assert noise.std() == pytest.approx(sd, rel=0.02)
    impulse = np.zeros((3, 3))
    impulse[1, 1] = 1
    checkerboard = np.array([[1, -1, 1], [-1, 1, -1], [1, -1, 1]])
    box, flat, rough = radial_frequency(np.stack([np.ones((3, 3)), impulse, checkerboard]))
    assert flat == pytest.approx(mean)
    assert box < mean - 3 * sd
    assert rough > mean + 3 * sd


def test_a_filter_larger_than_its_padding_is_refused():
    with pytest.raises(StudyError, match="does not fit"):
        radial_frequency(np.ones((1, 5, 5)), size=4)


def test_a_new_network_is_quiet_and_a_planted_duplicate_is_not():
    z = []
    for seed in range(20):
        table = measure(subject({0: cnn(seed).state_dict()}))
        chosen = table[table.quantity.isin(["filter_overlap", "filter_gram_deviation", "filter_frequency"])]
        means = chosen.groupby(["quantity", "layer"], observed=True).agg(
            value=("value", "mean"), null=("null_mean", "mean"), sd=("null_sd", "mean"), count=("value", "size")
        )
        z.append((means.value - means.null) / (means.sd / np.sqrt(means["count"])))
    z = np.array(z)
    assert np.abs(z).max() < 4
    assert np.abs(z.mean(0)).max() < 3 / np.sqrt(len(z))

    state = cnn().state_dict()
    state["blocks.1.conv.weight"] = state["blocks.1.conv.weight"].clone()
    state["blocks.1.conv.weight"][:6] = state["blocks.1.conv.weight"][0]
    table = measure(subject({0: state})).set_index(["quantity", "layer"])
    row = table.loc[("filter_overlap", "blocks.1.conv")]
    assert (row.value - row.null_mean) / row.null_sd > 10


def test_every_filter_of_every_layer_is_measured_at_every_step():
    states = {step: cnn(step).state_dict() for step in (0, 4, 7, 9)}
    table = measure(subject(states, (Window("jump", 4, 7, 9), Window("control", 0, 4, 7))))
    for i, (m, d) in enumerate(zip(CHANNELS, (9, 9 * CHANNELS[0]), strict=True)):
        layer = table[table.layer == f"blocks.{i}.conv"]
        for quantity in ("filter_overlap", "filter_gram_deviation", "filter_overlap_bound"):
            assert layer[layer.quantity == quantity].step.tolist() == [0, 4, 7, 9]
        turned = layer[layer.quantity == "filter_cosine"]
        assert turned.groupby(["step", "reference"]).size().to_dict() == {
            (4, 0): m, (7, 0): m, (9, 0): m, (9, 4): m
        }  # fmt: skip
        assert sorted(set(turned.unit)) == list(range(m))
        assert turned.null_sd.unique() == pytest.approx([1 / np.sqrt(d)])
        pair = turned[(turned.step == 9) & (turned.reference == 4)]
        weights = [states[step][f"blocks.{i}.conv.weight"].reshape(m, d).double() for step in (9, 4)]
        assert pair.value.to_numpy() == pytest.approx(torch.cosine_similarity(*weights).numpy())
        assert (layer.quantity == "filter_change").sum() == 4 * m
    frequency = table[table.quantity == "filter_frequency"]
    assert set(frequency.layer) == {"blocks.0.conv"}
    assert len(frequency) == 4 * CHANNELS[0]
    assert not table.value.isna().any()


def test_maps_are_the_first_filters_at_every_step():
    states = {step: cnn(step).state_dict() for step in (0, 9)}
    arrays = with_maps(subject(states))[1]
    assert list(arrays) == ["filters/0", "filters/9"]
    for step, state in states.items():
        array = arrays[f"filters/{step}"]
        assert array.dtype == np.float32
        assert array.flags.c_contiguous
        assert array.shape == (CHANNELS[0], 3, 3)
        assert np.array_equal(array, state["blocks.0.conv.weight"][:, 0].numpy())
