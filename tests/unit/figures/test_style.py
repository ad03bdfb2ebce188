"""What all figures share: names, colours, the order of families, and bytes that do not change."""

import numpy as np
import pandas as pd
import pytest

from helpers.figure_cases import trajectory, transformer_layers
from repdyn.figures.run.heatmap.figure import layer_heatmap
from repdyn.figures.style import DATASETS, dataset_styles, to_png_bytes, to_svg_bytes, to_webp_bytes
from repdyn.study.exclusion import excluded_runs
from repdyn.wording.names import family_order, layer_name, metric_name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("hidden.0", "hidden 0"),
        ("blocks.3.relu", "conv 3"),
        ("blocks.10", "block 10 output"),
        ("blocks.2.feedforward", "block 2 feed-forward"),
        ("output", "logits"),
        ("pool.extra", "pool.extra"),
    ],
)
def test_layer_names_are_readable(path, name):
    assert layer_name(path) == name


def test_metric_names():
    assert metric_name("stable_rank_uncentred") == "stable rank (uncentred)"
    assert metric_name("rank_90") == "rank at 90 % of variance"


def test_equal_figures_give_equal_bytes_without_dates():
    def content():
        figure = layer_heatmap(trajectory(transformer_layers(2)), title="a run")
        return to_png_bytes(figure, dpi=80), to_svg_bytes(figure, dpi=80), to_webp_bytes(figure, 80)

    png, svg, webp = content()
    assert (png, svg, webp) == content()
    assert b"Software" not in png and b"dc:date" not in svg and b"Matplotlib v" not in svg
    assert webp[8:12] == b"WEBP"
    other = layer_heatmap(trajectory(transformer_layers(2), seed=1), title="a run")
    assert to_png_bytes(other, dpi=80) != png


def test_web_version_keeps_its_limit():
    figure = layer_heatmap(trajectory(transformer_layers(6), steps=np.arange(0, 2005, 5)))
    full, small = to_webp_bytes(figure, 132), to_webp_bytes(figure, 132, 40 * 1024)
    assert len(full) > 40 * 1024 >= len(small)


def test_datasets_keep_their_look_and_unknown_ones_get_their_own():
    alone, together = dataset_styles(["photos"]), dataset_styles([*DATASETS, "mnist"])
    assert alone["photos"] == together["photos"]
    assert len(set(together.values())) == len(DATASETS) + 1
    published = dataset_styles(["mnist", "qmnist", "fashion_mnist", "ag_news"])
    assert len({colour for colour, _ in published.values()}) == 4


def test_families_come_in_the_studys_order():
    assert family_order(["transformer", "rnn", "mlp", "cnn", "mlp"]) == ["mlp", "cnn", "transformer", "rnn"]


def test_untrained_runs_are_those_that_diverged_or_stayed_at_chance():
    frame = pd.DataFrame({"diverged_at": [None, 5, None, None], "at_chance": [False, False, True, None]})
    assert excluded_runs(frame).tolist() == [False, True, True, False]
