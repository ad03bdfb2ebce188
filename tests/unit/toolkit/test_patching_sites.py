"""Word swaps, parts of a map and sparse features as sites of the patching tool: what each carries, exactly."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from torch import nn

from repdyn.activations.addresses import Address
from repdyn.errors import StudyError
from repdyn.interventions.features import feature_attributions, feature_change
from repdyn.interventions.swaps import swapped_words, word_odds
from repdyn.roles import BLOCK, EMBEDDING, HIDDEN, OUTPUT
from repdyn.toolkit.own_model import subjects
from repdyn.toolkit.pairwise import Look, pairs_of
from repdyn.toolkit.patching import features as featured
from repdyn.toolkit.patching import measure as patching
from repdyn.toolkit.patching.features import features
from repdyn.toolkit.patching.figure import draw
from repdyn.toolkit.patching.findings import found
from repdyn.toolkit.patching.swaps import swaps


def test_the_word_that_tells_most_goes_and_the_one_that_tells_the_other_comes():
    tokens = np.array([[3, 5, 6, 0], [6, 5, 3, 7], [5, 6, 4, 0], [4, 6, 5, 7]])
    labels = np.array([0, 0, 1, 1])
    odds = word_odds(tokens, tokens > 0, labels, (0, 1))
    # 3 is in both texts of class 0, 4 in both of class 1, and of all others there are as many in each.
    assert odds.argmax() == 3 and odds.argmin() == 4 and odds[[5, 6, 7]] == pytest.approx(0)
    assert odds[3] == pytest.approx(np.log(3 / 1)) and odds[4] == pytest.approx(-np.log(3))
    swapped, position = swapped_words(tokens[:2], tokens[2:], tokens[:2] > 0, odds)
    assert position.tolist() == [0, 2] and swapped.tolist() == [[4, 5, 6, 0], [6, 5, 4, 7]]
    random = [swapped_words(tokens[:2], tokens[2:], tokens[:2] > 0, odds, np.random.default_rng(i)) for i in range(40)]
    assert all(((new != tokens[:2]).sum(1) <= 1).all() and ((new == 0) == (tokens[:2] == 0)).all() for new, _ in random)
    assert {at for _, place in random for at in place.tolist()} == {0, 1, 2, 3}
    with pytest.raises(StudyError, match="need the same shape"):
        swapped_words(tokens[:2], tokens[2:3], tokens[:2] > 0, odds)


class Reader(nn.Module):
    """Sums the words of a text, after a state per word that mixes none of them or all of them."""

    def __init__(self, mixing: float):
        super().__init__()
        self.embed = nn.Embedding(12, 8, padding_idx=0)
        self.mix = nn.Linear(8, 8)
        self.mixing = mixing
        self.head = nn.Linear(8, 2)
        self.block = nn.Identity()

    def forward(self, tokens):
        states = self.mix(self.embed(tokens))
        states = self.block((1 - self.mixing) * states + self.mixing * states.mean(1, keepdim=True))
        return self.head(states.mean(1))


def texts(n, seed):
    draw = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    words = draw.integers(5, 12, (n, 5))
    words[np.arange(n), draw.integers(0, 5, n)] = 1 + labels + 2 * draw.integers(0, 2, n)  # 1, 3 and 2, 4 tell
    return torch.from_numpy(words), torch.from_numpy(labels)


def trained(model, held_out, training, layers, steps=200):
    states = {0: {name: value.clone() for name, value in model.state_dict().items()}}
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(training[0]), training[1]).backward()
        optimizer.step()
    states[steps] = {name: value.clone() for name, value in model.state_dict().items()}
    given = subjects(model, states, held_out, training, layers)
    pairs, discovery = pairs_of(*given)
    return given, [Look(given[0], step, pairs, discovery) for step in (0, steps)]


def reading(mixing):
    torch.manual_seed(0)
    layers = {"embed": EMBEDDING, Address("block", units=-1): BLOCK, "head": OUTPUT}
    return trained(Reader(mixing), texts(80, 1), texts(120, 0), layers)


def of(entries, quantity):
    return [entry for entry in entries if entry["quantity"][0] == quantity]


def test_what_a_swapped_word_takes_comes_back_where_the_word_is():
    for mixing, here in ((0.0, 1.0), (0.4, 0.6 + 0.4 / 5), (1.0, 1 / 5)):
        given, (_, look) = reading(mixing)
        written = list(swaps(look, given[1], 10))
        span = of(written, "swap_span")[0]
        assert span["value"][0] > span["null_mean"][0] + 4 * span["null_sd"][0]  # telling words tell more than others
        embedding, block = (each["value"] for each in of(written, "swap_denoising"))
        np.testing.assert_allclose(embedding, [1, 0], atol=1e-5)
        np.testing.assert_allclose(block, [here, 1 - here], atol=1e-5)
        # Of an unrelated text the position holds the other class's word or none that tells.
        assert max(abs(of(written, "swap_denoising")[1]["null_mean"][0]), 0.1) < embedding[0]


def test_of_shuffled_labels_no_word_tells():
    words, labels = (each.numpy() for each in texts(120, 0))
    odds = [
        np.abs(word_odds(words, words > 0, of, (0, 1)))[1:]
        for of in (labels, *(np.random.default_rng(seed).permutation(labels) for seed in range(10)))
    ]
    assert odds[0][:4].min() > 2 > 1 > max(each.max() for each in odds[1:])


@pytest.fixture(scope="module")
def last_layer():
    """An MLP whose last hidden layer is read linearly, before and after its training, at float64."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 3)).double()

    def split(n, seed):
        draw = np.random.default_rng(seed)
        labels = np.arange(n) % 3
        return torch.from_numpy(draw.standard_normal((n, 6)) + 2.5 * np.eye(3, 6)[labels]), torch.from_numpy(labels)

    return trained(model, split(200, 1), split(300, 0), {"1": HIDDEN, "2": OUTPUT})


def test_features_of_a_layer_that_is_read_linearly_carry_what_algebra_says(last_layer, monkeypatch):
    kept = {}
    fit = featured.fit
    monkeypatch.setattr(featured, "fit", lambda *args, **options: kept.setdefault("sae", fit(*args, **options)))
    given, (_, look) = last_layer
    written = list(features(look, given[1], 0.1, 10))
    sae = featured.like(kept["sae"], torch.zeros(1).double())
    a, b = look.pairs.classes
    read = look.model[2].weight.detach()[a] - look.model[2].weight.detach()[b]

    def states(x):
        return torch.relu(x @ look.model[0].weight.detach().T + look.model[0].bias.detach())

    def worth(pairs):  # of each feature: how the metric falls without it, exact
        difference = featured.encode(sae, states(pairs.clean)) - featured.encode(sae, states(pairs.corrupted))
        return (difference * (sae.decoder @ read)).mean(0).numpy()

    span = (look.clean - look.corrupted).mean()
    top = np.argsort(-worth(look.discovery), kind="stable")[:7]
    (one,), (whole,), (count,) = (
        of(written, name) for name in ("feature_denoising", "dictionary_denoising", "feature_count")
    )
    assert count["value"][0] == 7  # a tenth of 64, rounded up
    assert one["value"][0] == pytest.approx(worth(look.pairs)[top].sum() / span, abs=1e-6)
    assert whole["value"][0] == pytest.approx(worth(look.pairs).sum() / span, abs=1e-6)
    assert one["value"][0] > one["null_mean"][0] + 2 * one["null_sd"][0]
    assert one["null_mean"][0] == pytest.approx(whole["value"][0] * 7 / 64, abs=0.25)


def test_estimates_of_features_are_exact_where_the_rest_is_linear(last_layer):
    _, (_, look) = last_layer
    torch.manual_seed(1)
    decoder = torch.randn(5, 32).double()
    clean, other = torch.randn(2, 4, 32).double()
    estimated = feature_attributions(
        look.model, look.pairs.clean[:4], "1", clean, other, lambda h: h @ decoder.T, decoder, look.pairs.metric
    )
    a, b = look.pairs.classes
    read = look.model[2].weight.detach()[a] - look.model[2].weight.detach()[b]
    np.testing.assert_allclose(estimated, (((clean - other) @ decoder.T) * (decoder @ read)).T, atol=1e-12)


def test_all_features_and_the_error_are_the_other_run(last_layer):
    _, (_, look) = last_layer
    torch.manual_seed(1)
    decoder, clean, other = torch.randn(5, 32).double(), *torch.randn(2, 4, 32).double()
    change = feature_change(clean, lambda h: (h @ decoder.T).relu(), decoder, torch.ones(5).bool(), error=True)
    np.testing.assert_allclose(change(other), clean, atol=1e-12)


def test_a_layer_without_rows_for_a_dictionary_has_no_features(last_layer, monkeypatch):
    given, (_, look) = last_layer
    monkeypatch.setattr(featured, "EXAMPLES", 40)
    (nothing,) = features(look, given[1], 0.1, 3)
    assert np.isnan(nothing["value"]).all()


class Corner(nn.Module):
    """Reads one place of a map alone."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 1)
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        return self.head(self.conv(x)[:, :, 5, 2])


def test_only_the_part_of_a_map_that_is_read_carries_the_class():
    torch.manual_seed(0)

    def split(n, seed):
        draw = np.random.default_rng(seed)
        labels = np.arange(n) % 2
        x = draw.standard_normal((n, 1, 8, 8)) + 3.0 * labels[:, None, None, None]
        return torch.tensor(x, dtype=torch.float32), torch.from_numpy(labels)

    given, _ = trained(Corner(), split(80, 1), split(120, 0), {"conv": HIDDEN, "head": OUTPUT})
    table = patching.measure(*given)[0]
    parts = table[(table["quantity"] == "position_denoising") & (table["step"] == 200)]
    assert parts["unit"].tolist() == list(range(16))
    # Row 5 of 8 is in the third of four parts, column 2 in the second.
    np.testing.assert_allclose(parts["value"], np.arange(16) == 2 * 4 + 1, atol=1e-5)


def as_study(entries_of):
    """Tables of runs as a study holds them."""
    return pd.concat(
        [table.assign(experiment=name, seed=0) for name, table in entries_of.items()], ignore_index=True
    ).assign(layer=lambda t: t["layer"].astype(str), quantity=lambda t: t["quantity"].astype(str))


def test_page_and_figure_tell_them_as_they_are(last_layer):
    torch.manual_seed(0)
    written = reading(0.4)[0]
    study = as_study(
        {"text_reader-words": patching.measure(*written)[0], "mlp_x-points": patching.measure(*last_layer[0])[0]}
    )
    value = study.set_index(["experiment", "quantity", "layer"]).sort_index()["value"]
    finer = found(study)[2]
    span = value["text_reader-words", "swap_span", ""].item()
    after = 0.6 + 0.4 / 5
    assert (
        f"text_reader-words (seed 0): one telling word swapped takes {span:.2f} logits, more than random swaps" in finer
    )
    assert f"the state at the word carries 1.00 in the embedding and {after:.2f} after the last block" in finer
    mean = study.loc[study["quantity"] == "feature_denoising", "value"].mean()
    assert f"attribution puts first, carried over R = {mean:.2f}, random features" in finer
    assert "of a CNN" not in finer or "One part" in finer
    figure = draw(study, {})
    FigureCanvasAgg(figure).draw()
    stars = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "*"]
    assert sorted(float(line.get_ydata()[0]) for line in stars) == pytest.approx(
        sorted(study.loc[study["quantity"] == "feature_denoising", "value"])
    )
    silent = study.assign(value=study["value"].where(~study["quantity"].isin(["swap_denoising"])))
    FigureCanvasAgg(draw(silent, {})).draw()
    assert "the state at the word" not in found(silent)[2]


def test_page_and_figure_show_the_parts_of_a_map():
    rng = np.random.default_rng(0)
    rows = [("pairs", "", np.nan, 20.0), ("span", "", np.nan, 3.0)]
    for layer, most in (("blocks.0.relu", 0.3), ("blocks.1.relu", 0.8)):
        rows += [("top_denoising", layer, np.nan, 0.4), ("component_denoising", layer, np.nan, 0.4)]
        rows += [
            (f"{name}_{side}", layer, np.nan, 0.4)
            for name in ("top_denoising", "component_denoising")
            for side in ("low", "high")
        ]
        rows += [(f"top_noising{side}", layer, np.nan, 0.4) for side in ("", "_low", "_high")]
        rows += [("component_count", layer, np.nan, 2.0)]
        rows += [("position_denoising", layer, unit, most if unit == 5 else 0.1 * rng.random()) for unit in range(16)]
    table = pd.DataFrame(rows, columns=["quantity", "layer", "unit", "value"]).assign(
        step=9, null_mean=0.0, null_sd=0.1, experiment="cnn_a-glyphs", seed=0
    )
    table["unit"] = table["unit"].astype("Int32")
    assert (
        "One part of a channel's map carried R = 0.30 at most in the first layer of a CNN and 0.80 in the last (1 run)."
        in found(table)[2]
    )
    figure = draw(table, {})
    FigureCanvasAgg(figure).draw()
    maps = [axes for axes in figure.axes if axes.get_title(loc="left").startswith("parts of the map")]
    assert [axes.images[0].get_array()[1, 1] for axes in maps] == [0.8]
