"""What each embedded dataset promises beyond the contract: truths that can be computed on their own."""

import itertools

import numpy as np
import pytest
from scipy.spatial import cKDTree
from sklearn.datasets import load_digits

from repdyn import datasets
from repdyn.datasets import digits, docstrings, glyphs, manifold, photos, text
from repdyn.datasets.registry import load
from repdyn.errors import StudyError


def test_upsampling_is_bilinear():
    # Half-pixel centres: new samples lie 1/4 and 3/4 between neighbours; edges repeat.
    image = np.array([[[0.0, 1.0], [0.0, 1.0]]])
    expected = np.tile([0, 0.25, 0.75, 1], (4, 1))
    np.testing.assert_allclose(digits.upsample(image)[0], expected, atol=1e-6)


def test_digits_keep_their_labels():
    images, labels = load_digits(return_X_y=True)
    keys = [digits.upsample(image.reshape(1, 8, 8) / 16).tobytes() for image in images]
    original = dict(zip(keys, labels, strict=True))
    dataset = load("digits", 3)
    for split in datasets.SPLITS:
        found = [original[image.tobytes()] for image in dataset.inputs[split]]
        np.testing.assert_array_equal(found, dataset.labels[split])


def test_stratified_rows_are_disjoint_and_proportional():
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    rows = digits.stratified(np.random.default_rng(0), labels, {"train": 500, "probe": 200, "test": 250})
    assert len(np.unique(np.concatenate(list(rows.values())))) == 950
    for split, n in {"train": 500, "probe": 200, "test": 250}.items():
        np.testing.assert_allclose(np.bincount(labels[rows[split]]), n * np.array([0.6, 0.3, 0.1]), atol=1.5)


def test_no_font_family_is_in_two_splits():
    families = {split: {glyphs.typeface(font).getname()[0] for font in fonts} for split, fonts in glyphs.FONTS.items()}
    foundries = {split: {name[:2] for name in names} for split, names in families.items()}
    for one, other in itertools.combinations(datasets.SPLITS, 2):
        assert not set(glyphs.FONTS[one]) & set(glyphs.FONTS[other])
        assert not families[one] & families[other]
        assert not foundries[one] & foundries[other]


@pytest.mark.parametrize("font", itertools.chain(*glyphs.FONTS.values()))
def test_every_font_draws_ten_distinct_letters(font):
    drawn = [np.asarray(glyphs.master(font, letter), dtype=float) / 255 for letter in glyphs.LETTERS]
    # U+FFFE is never a character: what a font draws for it is its mark for a missing glyph.
    missing = np.asarray(glyphs.master(font, "\ufffe"), dtype=float) / 255
    for one, other in itertools.combinations([*drawn, missing], 2):
        assert np.abs(one - other).sum() > 0.15 * max(one.sum(), other.sum())
    for image in drawn:
        rows = np.flatnonzero(image.any(axis=1))
        assert 50 <= rows[-1] - rows[0] + 1 <= 85


def test_a_font_without_letters_is_refused():
    with pytest.raises(StudyError, match="STIXSizOneSymReg.ttf does not draw letters"):
        glyphs.master("STIXSizOneSymReg.ttf", "A")


def test_a_font_that_draws_placeholders_would_fail():
    drawn = [np.asarray(glyphs.master("LastResortHE-Regular.ttf", letter)) for letter in glyphs.LETTERS]
    assert len({image.tobytes() for image in drawn}) == 1


def test_jitter_of_no_strength_only_downsamples(monkeypatch):
    for strength in ("ROTATION", "SCALE", "SHEAR", "SHIFT"):
        monkeypatch.setattr(glyphs, strength, 0.0)
    image = glyphs.master("DejaVuSans.ttf", "K")
    expected = np.asarray(image, dtype=float).reshape(28, 4, 28, 4).mean(axis=(1, 3)) / 255
    np.testing.assert_allclose(glyphs.jitter(image, np.random.default_rng(0)), expected, atol=1 / 255)


def test_a_missing_font_is_named():
    with pytest.raises(StudyError, match="Nowhere.ttf is missing"):
        glyphs.typeface("Nowhere.ttf")


def test_photo_patches_of_two_splits_share_no_pixel_and_stay_in_their_region():
    labels, places = photos.positions(0, {"train": 1504, "probe": 256, "test": 504})
    owner = np.full((2, 427, 640), -1)
    for number, split in enumerate(datasets.SPLITS):
        for label, (photograph, top, left) in zip(labels[split], places[split], strict=True):
            patch = owner[photograph, top : top + 28, left : left + 28]
            assert patch.shape == (28, 28)
            assert set(np.unique(patch)) <= {-1, number}
            patch[...] = number
            low, right = top >= 213, left >= 320
            assert (top + 27 >= 213, left + 27 >= 320) == (low, right)
            assert label == 4 * photograph + 2 * low + right
        assert len(np.unique(places[split], axis=0)) == len(places[split])


def test_photo_inputs_are_the_patches_at_the_positions():
    dataset = load("photos", 5)
    labels, places = photos.positions(5, {split: len(dataset.labels[split]) for split in datasets.SPLITS})
    pictures = [photos.grey(name) for name in photos.PHOTOGRAPHS]
    for split in datasets.SPLITS:
        np.testing.assert_array_equal(labels[split], dataset.labels[split])
        photograph, top, left = places[split][7]
        expected = pictures[photograph][top : top + 28, left : left + 28]
        np.testing.assert_array_equal(dataset.inputs[split][7, 0], expected)


def test_every_split_has_blocks_in_every_region():
    blocks = [photos.block_split(row, column) for row in range(3) for column in range(5)]
    assert [blocks.count(split) for split in datasets.SPLITS] == [9, 3, 3]
    for split in ("probe", "test"):
        columns = [column for row in range(3) for column in range(5) if photos.block_split(row, column) == split]
        assert len(set(columns)) == 3


def test_docstring_modules_are_in_one_split_only():
    counts = {"train": 2000, "probe": 256, "test": 600}
    pools = docstrings.split_modules(0, counts, 24, 12)
    for library in docstrings.PACKAGES:
        modules = {split: {module for module, _ in pools[split][library]} for split in counts}
        assert all(len(modules[split]) > 5 for split in counts)
        for one, other in itertools.combinations(counts, 2):
            assert not modules[one] & modules[other]


def test_docstring_rows_come_from_the_modules_of_their_split_and_library():
    dataset = load("docstrings", 0)
    pools = docstrings.split_modules(0, {"train": 2000, "probe": 256, "test": 600}, 24, 12)
    for split in datasets.SPLITS:
        for label, library in enumerate(dataset.classes):
            texts = [words for _, words in pools[split][library]]
            known = {row.tobytes() for row in text.encode(texts, dataset.vocabulary, 24)}
            rows = dataset.inputs[split][dataset.labels[split] == label]
            assert {row.tobytes() for row in rows} <= known


def test_text_of_two_libraries_is_dropped_and_repeated_text_is_kept_once(monkeypatch):
    paragraphs = [
        ("numpy", "numpy/a.py", ("own", "words")),
        ("numpy", "numpy/a.py", ("shared", "words", "here")),
        ("numpy", "numpy/b.py", ("own", "words", "<unk>")),
        ("numpy", "numpy/b.py", ("<unk>", "words")),
        ("scipy", "scipy/c.py", ("shared", "words", "there")),
        ("scipy", "scipy/c.py", ("other", "words")),
    ]
    corpus = docstrings.Corpus(tuple(paragraphs), frozenset())
    monkeypatch.setattr(docstrings, "corpus", lambda: corpus)
    found = docstrings.candidates(length=2, shortest=2)
    assert found["numpy"] == [("numpy/a.py", [("own", "words")])]
    assert found["scipy"] == [("scipy/c.py", [("other", "words")])]


def test_rows_that_the_vocabulary_makes_equal_are_not_drawn_again():
    table = ("<pad>", "<unk>", "known")
    pool = {"numpy": [("m", ("known", "rare")), ("m", ("known", "seldom")), ("m", ("known", "known"))]}
    seen = {text.encode([("known", "known")], table, 2).tobytes()}
    texts, labels = docstrings.draw(np.random.default_rng(0), pool, 1, table, 2, seen)
    assert texts[0] in [("known", "rare"), ("known", "seldom")]
    assert labels.tolist() == [0]
    with pytest.raises(StudyError, match="2 paragraphs of numpy.*hold 1"):
        docstrings.draw(np.random.default_rng(0), pool, 2, table, 2, seen)


def test_a_tiny_vocabulary_makes_no_row_common_to_two_splits():
    dataset = load("docstrings", 0, train=400, probe=40, test=40, vocabulary=10, length=6)
    rows = [{row.tobytes() for row in dataset.inputs[split]} for split in datasets.SPLITS]
    assert len(set.union(*rows)) == sum(len(part) for part in rows)


def test_names_that_give_the_library_away_are_masked():
    vocabulary = set(load("docstrings", 0).vocabulary)
    masked = docstrings.corpus().masked
    given_away = {
        *("numpy", "np", "ndarray", "ufunc", "ufuncs", "scipy", "sp", "pandas", "pd", "dataframe", "dataframes"),
        *("series", "sklearn", "scikit", "estimator", "estimators", "linalg", "ndimage", "tseries", "metrics"),
        *("ridge", "lasso", "pipeline", "groupby", "argsort"),
    }
    assert given_away <= masked
    assert not masked & vocabulary
    assert {"array", "mean", "regression"} <= vocabulary


def test_docstring_rows_have_enough_words_and_record_the_versions():
    dataset = load("docstrings", 0)
    assert dataset.truth["versions"]["numpy"] == np.__version__
    assert set(dataset.truth["versions"]) == set(dataset.classes)
    for split in datasets.SPLITS:
        assert (np.count_nonzero(dataset.inputs[split], axis=1) >= 12).all()
    assert len(dataset.vocabulary) == 2002


def test_prose_is_told_from_tables_code_and_lists():
    source = '''
def f(x):
    """First line of prose,
    which goes on.

    Parameters
    ----------
    x : int
        Described.

    prose inside a parameter section

    Notes
    -----
    A note.

    .. math:: x

    >>> f(1)
    1

    * an item
    """
'''
    assert list(docstrings.paragraphs(docstrings.ast.parse(source))) == [
        "First line of prose, which goes on.",
        "A note.",
    ]


def test_what_looks_like_code_is_unknown():
    found = docstrings.tokens("The `x` of :func:`f`, a MultiIndex, scikit-learn's n_jobs and np.sum aren't words.")
    expected = "the <unk> of <unk> a <unk> <unk> <unk> and <unk> arent words"
    assert " ".join(found) == expected


def test_masked_runs_collapse():
    assert docstrings.mask(("a", "np", "np", "b", "np"), frozenset({"np"})) == ("a", "<unk>", "b", "<unk>")


def test_words_vocabulary_and_encoding():
    assert text.words("The library's 2 sets; don't X-ray!") == ["the", "library", "sets", "dont", "x", "ray"]
    vocabulary = text.build_vocabulary([["b", "a", "b", "<unk>"], ["c", "a", "<unk>"]], 2)
    assert vocabulary == ("<pad>", "<unk>", "a", "b")
    encoded = text.encode([["b", "c", "a", "a"], ["a"], []], vocabulary, 3)
    np.testing.assert_array_equal(encoded, [[3, 1, 2], [2, 0, 0], [1, 0, 0]])


def maximum_likelihood_dimension(points: np.ndarray, neighbours: int = 12) -> float:
    """Levina and Bickel (2004) with inverse estimates averaged over points (MacKay and Ghahramani 2005)."""
    distances = cKDTree(points).query(points, neighbours + 1)[0][:, 1:]
    logs = np.log(distances[:, -1:] / distances[:, :-1])
    return 1 / (logs.sum(axis=1) / (neighbours - 1)).mean()


@pytest.mark.parametrize("dimension", [1, 2, 4])
def test_the_dimension_estimator_is_right_on_flat_cubes(dimension):
    points = np.random.default_rng(0).uniform(size=(3000, dimension))
    assert maximum_likelihood_dimension(points) == pytest.approx(dimension, rel=0.08)


@pytest.mark.parametrize("dimension", [1, 2, 4])
def test_manifold_has_the_declared_dimension(dimension):
    for surface in manifold.surfaces(0, dimension, 64, 2):
        points = manifold.sample(np.random.default_rng(0), 4000, surface)
        assert maximum_likelihood_dimension(points) == pytest.approx(dimension, rel=0.1)


@pytest.mark.parametrize("dimension", [1, 2, 4])
def test_manifold_is_curved_centred_and_scaled(dimension):
    for surface in manifold.surfaces(1, dimension, 64, 3):
        points = manifold.sample(np.random.default_rng(0), 20_000, surface)
        assert np.mean(points**2) == pytest.approx(1, rel=0.05)
        assert np.abs(points.mean(axis=0)).max() < 0.05
        spectrum = np.linalg.eigvalsh(np.cov(points.T))[::-1]
        # A flat piece would have no variance beyond its own dimension, the wave features none beyond 16.
        assert spectrum[dimension : 2 * dimension].min() > 1e-3 * spectrum[0]
        assert spectrum[16] < 1e-12 * spectrum[0]


def test_manifold_declares_its_dimension_and_places_points_on_their_surface():
    dataset = load("manifold", 0, intrinsic_dimension=3)
    assert dataset.truth == {"intrinsic_dimension": 3}
    for label, surface in enumerate(manifold.surfaces(0, 3, 64, 10)):
        points = dataset.inputs["test"][dataset.labels["test"] == label]
        span = surface.basis / np.linalg.norm(surface.basis, axis=0)
        np.testing.assert_allclose(points @ span @ span.T, points, atol=1e-4)


@pytest.mark.parametrize("options", [{"intrinsic_dimension": 0}, {"intrinsic_dimension": 20}, {"ambient": 8}])
def test_manifold_refuses_what_does_not_fit(options):
    with pytest.raises(StudyError, match=f"{next(iter(options))} = {next(iter(options.values()))}"):
        load("manifold", 0, **options)
