"""The shape of what a layer makes of the examples: dimension, curvature, geodesics, capacity of classes, and pictures."""

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from repdyn.activations.addresses import named
from repdyn.errors import StudyError
from repdyn.geometry.capacity import capacity_and_null
from repdyn.geometry.curvature import curvature_over
from repdyn.geometry.dimension import calibration, maximum_likelihood_dimension, two_nearest_dimension
from repdyn.geometry.embedding import (
    cluster_silhouette,
    distance_correlation,
    isometric_embedding,
    neighbour_embedding,
    principal_embedding,
    trustworthiness,
)
from repdyn.geometry.geodesics import geodesic_ratio, geodesics, largest_component
from repdyn.geometry.mean_field import mean_field_capacity
from repdyn.geometry.neighbours import Neighbours, distinct, matched_gaussians, nearest
from repdyn.geometry.tangents import local_components, local_dimension, principal_angles
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.seeds import derive
from repdyn.toolkit.layers import clouds, looked_at

ROWS = 1000  # examples, at most
FEWEST = 100  # distinct rows below which a neighbourhood would be half of them: not evaluable
NEIGHBOURS = 10  # of dimensions, graphs and trustworthiness
NEIGHBOURHOOD = 45  # neighbours of a local fit: twice the coefficients of a quadratic in the most tangents
TANGENTS = 5  # most: a quadratic in six would need neighbourhoods that are no longer local among so few rows
CENTRES = 60  # rows at which tangents and curvature are taken, and from which geodesics start
CONNECTED = 0.75  # share of the rows in the largest part of the graph below which geodesics say nothing of the layer
GAUSSIANS = 20  # draws of the null of the shape
CALIBRATED = (2, 5, 10, 20, 40)  # dimensions of the isotropic Gaussians of the calibration
CALIBRATIONS = 5  # draws of each
EXEMPLARS = 10  # examples of a class, whose cloud is its manifold
DICHOTOMIES = 50  # draws of sides and projections
SHUFFLES = 10  # labellings of the null of the capacity
GAUSSIAN_DRAWS, FIELD_SHUFFLES = 100, 5  # of the mean-field capacity: vectors of each class, and labellings of its null
SHOWN = 200  # examples in a picture, at most
PICTURES = 5  # draws of the null of pictures

SHAPE = (
    "dimension_mle",
    "dimension_twonn",
    "local_dimension",
    "tangent_angle",
    "mean_curvature",
    "scalar_curvature",
    "geodesic_ratio",
    "graph_connected",
)
PICTURED = ("pca", "isomap", "tsne")
QUALITIES = ("trustworthiness", "continuity", "distance_correlation", "silhouette")
PICTURE_QUALITIES = tuple(f"{quality}_{method}" for method in PICTURED for quality in QUALITIES)


def measure(held_out: Subject, training: Subject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The input, the middle and the last hidden layer at the grid steps, on at most ROWS held-out examples; no maps.

    Rows are examples, `Subject.examples`: channels and tokens are averaged, since the tokens of one text are not
    independent. Layer "input" is the image, measured once; a text has none, its layer "embedding" stands for it. Equal
    rows count once; every value is NaN (not evaluable) with fewer than FEWEST. `training` is not looked at.

    "Gaussians": GAUSSIANS draws of as many Gaussian points of the same covariance. They show what of a value the
    variances explain; what is left may be curved, clustered or sparse. Quantities in _<picture> are of the picture by
    pca, isomap or tsne of the last hidden layer at the first and the last step, on SHOWN examples.

    - rows [count]: distinct rows.
    - dimension_mle [dimensions]: intrinsic dimension by maximum likelihood from NEIGHBOURS neighbours. Null: Gaussians.
      Source: Levina & Bickel 2004; MacKay & Ghahramani 2005.
    - dimension_twonn [dimensions]: intrinsic dimension from the two nearest neighbours. Null: Gaussians. Source: Facco
      2017.
    - local_dimension [dimensions]: mean over CENTRES points of the directions above the noise floor in NEIGHBOURHOOD
      neighbours. Null: Gaussians. Source: Fukunaga & Olsen 1971.
    - tangent_dimension [dimensions]: dimension_mle rounded. The next three take it for value and null alike, and are
      NaN where it is above TANGENTS.
    - tangent_angle [radians]: mean principal angle of tangent planes at CENTRES points and at the NEIGHBOURS-th
      neighbour of each. Null: Gaussians. Source: Bjorck & Golub 1973.
    - mean_curvature, scalar_curvature [1 / r, 1 / r^2]: median over CENTRES points, r the root mean square distance of
      the neighbourhood: how far the surface turns within it. Null: Gaussians. Source: Cazals & Pouget 2005.
    - geodesic_ratio [ratio]: geodesic over straight distance, median over pairs with one of CENTRES points, in the
      largest part of the graph of NEIGHBOURS neighbours; NaN where that holds less than CONNECTED of the rows. Null:
      Gaussians. Source: Tenenbaum 2000.
    - graph_connected [share]: of the rows that this part holds. Null: Gaussians.
    - class_capacity [classes per dimension]: `capacity` of EXEMPLARS examples of each class, DICHOTOMIES draws; NaN
      where a class has too few. Null: SHUFFLES shuffled labellings in the same directions; one that is below what the
      layer can show counts with class_capacity_floor, so this null is an upper bound. Source: Chung, Lee & Sompolinsky 2018.
    - class_capacity_floor [classes per dimension]: the least capacity that the layer can show.
    - mean_field_capacity [classes per dimension]: what theory says of many classes with the shapes of these, of the same
      rows; NaN for fewer than three classes. Null: FIELD_SHUFFLES shuffled labellings. Source: Chung, Lee & Sompolinsky
      2018, eq. 13.
    - trustworthiness_<picture>, continuity_<picture> [share]: whether neighbours in the picture are neighbours in the
      layer, and the other way round, of NEIGHBOURS neighbours; NaN for isomap where the graph is not connected. Null:
      PICTURES matched Gaussians. Source: Venna & Kaski 2001.
    - distance_correlation_<picture> [correlation]: Spearman's, of all distances in the picture with those in the layer.
      Null: PICTURES matched Gaussians.
    - silhouette_<picture> [index]: mean silhouette of as many k-means clusters of the picture as there are classes.
      Null: PICTURES matched Gaussians. Source: Rousseeuw 1987.
    - calibration_dimension [dimensions] (unit: Gaussian): of the isotropic Gaussian (CALIBRATED) of as many rows, once,
      at the first step.
    - calibration_mle, calibration_twonn [dimensions] (unit: Gaussian): the dimension found in it, mean over
      CALIBRATIONS draws.
    """
    return combine(_entries(held_out, pictures=True)), {}


def without_pictures(held_out: Subject, training: Subject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """`measure` without the quantities of pictures, which take most of its time."""
    return combine(_entries(held_out, pictures=False)), {}


def _entries(held_out: Subject, pictures: bool) -> list[dict]:
    rows = _rows(held_out)
    rng = np.random.default_rng(derive(*held_out.key, "geometry calibration"))
    found = calibration(len(rows), CALIBRATED, NEIGHBOURS, CALIBRATIONS, rng)
    names = ("calibration_mle", "calibration_twonn")
    entries = [entry(held_out.grid[0], "", "calibration_dimension", CALIBRATED)]
    entries += [entry(held_out.grid[0], "", name, values) for name, values in zip(names, found, strict=True)]
    labels = held_out.labels[rows]
    last = looked_at(held_out)[-1]
    for step, layer, x in clouds(held_out):
        key = (*held_out.key, "geometry", named(layer), step)
        entries += _shape_entries(step, layer, x[rows], key)
        entries += _capacity_entries(step, layer, x[rows], labels, key)
        if pictures and layer == last and step in (held_out.grid[0], held_out.grid[-1]):
            entries += _picture_entries(step, layer, x[rows], held_out.classes, key)
    return entries


def _rows(subject: Subject) -> np.ndarray:
    n = len(subject.labels)
    if n <= ROWS:
        return np.arange(n)
    rng = np.random.default_rng(derive(*subject.key, "geometry rows"))
    return np.sort(rng.choice(n, ROWS, replace=False))


def _shape_entries(step: int, layer: str, x: np.ndarray, key: tuple) -> list[dict]:
    x = _evaluable(x)
    entries = [entry(step, layer, "rows", len(x))]
    if len(x) < FEWEST:
        names = ("tangent_dimension", *SHAPE)
        return entries + [entry(step, layer, name, np.nan) for name in names]
    rng = np.random.default_rng(derive(*key, "shape"))
    tangents = round(maximum_likelihood_dimension(nearest(x, NEIGHBOURS).distance))
    values = _shape(x, tangents, rng)
    null = np.array([_shape(cloud, tangents, rng) for cloud in matched_gaussians(x, GAUSSIANS, rng)])
    entries.append(entry(step, layer, "tangent_dimension", tangents))
    columns = zip(SHAPE, values, null.mean(0), null.std(0, ddof=1), strict=True)
    return entries + [entry(step, layer, *column) for column in columns]


def _evaluable(x: np.ndarray) -> np.ndarray:
    """The distinct rows; none of a layer that is not finite, one of a constant one."""
    return x[distinct(x)].astype(np.float64) if np.isfinite(x).all() else x[:0]


def _shape(x: np.ndarray, tangents: int, rng: np.random.Generator) -> tuple[float, ...]:
    """The values of SHAPE."""
    wide = nearest(x, NEIGHBOURHOOD)
    near = Neighbours(wide.index[:, :NEIGHBOURS], wide.distance[:, :NEIGHBOURS])
    joined = largest_component(near)
    sources = rng.choice(joined, min(CENTRES, len(joined)), replace=False)
    share = len(joined) / len(x)
    ratio = geodesic_ratio(x, geodesics(near, sources), sources) if share >= CONNECTED else np.nan
    centres = rng.choice(len(x), CENTRES, replace=False)
    return (
        maximum_likelihood_dimension(near.distance),
        two_nearest_dimension(near.distance),
        *_local(x, wide, centres, tangents),
        ratio,
        share,
    )


def _around(x: np.ndarray, neighbours: Neighbours, centres: np.ndarray) -> np.ndarray:
    return x[np.column_stack([centres, neighbours.index[centres]])]


def _local(x: np.ndarray, neighbours: Neighbours, centres: np.ndarray, m: int) -> tuple[float, float, float, float]:
    """Local dimension; and angle, mean and scalar curvature of planes of m dimensions, NaN unless 1 <= m <= TANGENTS."""
    here = _around(x, neighbours, centres)
    evaluable = 1 <= m <= TANGENTS
    components = local_components(here, m if evaluable else 1)
    dimension = float(local_dimension(components.variance).mean())
    if not evaluable:
        return dimension, np.nan, np.nan, np.nan
    there = _around(x, neighbours, neighbours.index[centres, NEIGHBOURS - 1])
    angles = principal_angles(components.tangents, local_components(there, m).tangents)
    radius = np.sqrt((neighbours.distance[centres] ** 2).mean(1))
    found = curvature_over(here, components.tangents)
    return (
        dimension,
        float(angles.mean()),
        float(np.median(found.mean * radius)),
        float(np.median(found.scalar * radius**2)),
    )


def _capacity_entries(step: int, layer: str, x: np.ndarray, labels: np.ndarray, key: tuple) -> list[dict]:
    classes, count = np.unique(labels, return_counts=True)
    if len(classes) < 2 or count.min() < EXEMPLARS or len(_evaluable(x)) < 2:
        names = ("class_capacity", "class_capacity_floor", "mean_field_capacity")
        return [entry(step, layer, name, np.nan) for name in names]
    chosen = np.concatenate([np.flatnonzero(labels == label)[:EXEMPLARS] for label in classes])
    x, labels = x[chosen], labels[chosen]
    rng = np.random.default_rng(derive(*key, "capacity"))
    found, shuffled = capacity_and_null(x, labels, DICHOTOMIES, SHUFFLES, rng)
    null = np.array([each.floor if np.isnan(each.value) else each.value for each in shuffled])
    return [
        entry(step, layer, "class_capacity", found.value, null.mean(), null.std(ddof=1)),
        entry(step, layer, "class_capacity_floor", found.floor),
        _field_entry(step, layer, x, labels, np.random.default_rng(derive(*key, "mean field"))),
    ]


def _field_entry(step: int, layer: str, x: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> dict:
    def found(labelling):
        try:
            return mean_field_capacity(x, labelling, GAUSSIAN_DRAWS, rng)
        except StudyError:  # two classes, or one without a side
            return np.nan

    null = np.array([found(rng.permutation(labels)) for _ in range(FIELD_SHUFFLES)])
    return entry(step, layer, "mean_field_capacity", found(labels), null.mean(), null.std(ddof=1))


def _picture_entries(step: int, layer: str, x: np.ndarray, classes: int, key: tuple) -> list[dict]:
    x = _evaluable(x)[:SHOWN]
    if len(x) < FEWEST:
        return [entry(step, layer, name, np.nan) for name in PICTURE_QUALITIES]
    rng = np.random.default_rng(derive(*key, "pictures"))
    values = _qualities(x, classes, derive(*key, "picture"))
    clouds = enumerate(matched_gaussians(x, PICTURES, rng))
    null = np.array([_qualities(cloud, classes, derive(*key, "picture", draw)) for draw, cloud in clouds])
    columns = zip(PICTURE_QUALITIES, values, null.mean(0), null.std(0, ddof=1), strict=True)
    return [entry(step, layer, *column) for column in columns]


def _qualities(x: np.ndarray, classes: int, seed: int) -> list[float]:
    """The values of PICTURE_QUALITIES."""
    near = nearest(x, NEIGHBOURS)
    whole = len(largest_component(near)) == len(x)
    along = geodesics(near, np.arange(len(x)))
    pictures = {
        "pca": principal_embedding(x),
        "isomap": isometric_embedding(along) if whole else None,
        "tsne": neighbour_embedding(x, seed),
    }
    distances = cdist(x, x)
    values = []
    for method in PICTURED:
        shown = pictures[method]
        if shown is None:
            values += [np.nan] * len(QUALITIES)
            continue
        values.append(trustworthiness(x, shown, NEIGHBOURS))
        values.append(trustworthiness(shown, x, NEIGHBOURS))
        values.append(distance_correlation(distances, shown))
        values.append(cluster_silhouette(shown, classes, seed))
    return values
