"""Dimensions of pictures and graphs, the branching of activity, variances by rank, and a penalty on a spectrum."""

import networkx as nx
import numpy as np
import pytest
import torch

from repdyn.calibration.fractals import branched, flower
from repdyn.errors import StudyError
from repdyn.fractals.boxes import boxes_of_graph, graph_dimension, pixel_dimension
from repdyn.fractals.branching import branching_ratio
from repdyn.fractals.eigenvalues import eigenvalue_exponent
from repdyn.fractals.prior import spectral_penalty


def test_pictures_have_their_dimensions():
    sizes = 2 ** np.arange(5)
    assert pixel_dimension(np.ones((64, 64)), sizes) == pytest.approx(2)
    assert pixel_dimension(np.eye(64), sizes) == pytest.approx(1)
    rows, columns = np.indices((64, 64))
    assert pixel_dimension((rows & columns) == 0, sizes) == pytest.approx(np.log2(3))  # Sierpinski's triangle
    for sizes, said in (([1, 2], "three sizes"), ([1, 2, 5], "divide 64 and 64")):
        with pytest.raises(StudyError, match=said):
            pixel_dimension(np.eye(64), np.array(sizes))
    with pytest.raises(StudyError, match="at least one pixel"):
        pixel_dimension(np.zeros((8, 8)), np.array([1, 2, 4]))


def test_boxes_of_a_graph_cover_it_and_their_number_falls_as_it_should():
    path = nx.path_graph(12)
    assert [boxes_of_graph(path, each) for each in (1, 2, 3, 4, 12)] == [12, 6, 4, 3, 1]
    diameters = np.array([3, 5, 9, 17])
    assert graph_dimension(flower(4), diameters) == pytest.approx(2, abs=0.1)
    assert graph_dimension(nx.cycle_graph(240), diameters) == pytest.approx(1, abs=0.1)
    # Rewired with the same degrees it is small: boxes vanish faster than any power.
    rewired = flower(4)
    nx.double_edge_swap(rewired, 1000, 100_000, seed=0)
    largest = rewired.subgraph(max(nx.connected_components(rewired), key=len))
    assert boxes_of_graph(largest, 9) < boxes_of_graph(flower(4), 9)
    with pytest.raises(StudyError, match="one that is connected"):
        graph_dimension(nx.empty_graph(3), diameters)
    with pytest.raises(StudyError, match="grow fewer"):
        graph_dimension(nx.complete_graph(5), diameters)


@pytest.mark.parametrize("ratio", [0.9, 0.98])
@pytest.mark.parametrize("seen", [1.0, 0.1])
def test_the_branching_ratio_is_found_though_most_units_are_not_seen(ratio, seen):
    found = branching_ratio(branched(ratio, seen, np.random.default_rng(0)))
    assert found.ratio == pytest.approx(ratio, abs=0.03)
    # One lag alone is far too low where few are seen.
    assert (found.naive > ratio - 0.03) == (seen == 1)
    np.testing.assert_allclose(found.slopes[:5], found.amplitude * found.ratio ** np.arange(1, 6), atol=0.05)


def test_what_does_not_branch_has_no_ratio():
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(50):
        try:
            branching_ratio(rng.poisson(5, 2000))
        except StudyError as error:
            refused += "does not branch" in str(error)
    assert refused >= 46  # 2.5 % lie above twice the standard error by chance
    for activity, said in (
        (np.ones(10), "at least 500 bins"),
        (np.ones(600), "that vary"),
        (np.append(-1.0, np.ones(600)), "not negative"),
    ):
        with pytest.raises(StudyError, match=said):
            branching_ratio(activity)


@pytest.mark.parametrize("alpha", [0.5, 1, 2])
def test_variances_that_fall_by_a_law_have_its_exponent(alpha):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((512, 64)) * np.arange(1, 65) ** (-alpha / 2)
    turned = x @ np.linalg.qr(rng.standard_normal((64, 64)))[0]
    assert eigenvalue_exponent(turned, (3, 32)) == pytest.approx(alpha, abs=0.05)
    assert eigenvalue_exponent(turned * 7 + 3, (3, 32)) == pytest.approx(eigenvalue_exponent(x, (3, 32)), abs=1e-6)
    for ranks in ((3, 130), (3, 65), (0, 20), (10, 12)):
        with pytest.raises(StudyError, match="are not within"):
            eigenvalue_exponent(x, ranks)
    with pytest.raises(StudyError, match="no variance at rank 20"):
        eigenvalue_exponent(x * (np.arange(64) < 15), (3, 20))


def test_the_penalty_is_zero_at_its_exponent_and_its_gradient_leads_there():
    rng = np.random.default_rng(0)
    n = 1024
    frequency = np.fft.rfftfreq(n)
    spectrum = np.concatenate([[0], frequency[1:] ** -0.5]) * np.exp(2j * np.pi * rng.random(len(frequency)))
    exact = torch.from_numpy(np.fft.irfft(spectrum, n))
    assert float(spectral_penalty(exact[None], 1.0, (0.01, 0.2))) < 1e-10
    assert float(spectral_penalty(exact[None], 0.0, (0.01, 0.2))) == pytest.approx(1, abs=1e-5)
    series = torch.from_numpy(rng.standard_normal((2, 128))).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: spectral_penalty(x, 1.0, (0.02, 0.4)), series)
    with pytest.raises(StudyError, match="fewer than four frequencies"):
        spectral_penalty(series, 1.0, (0.01, 0.02))
