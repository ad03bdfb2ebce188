"""Maps and surrogates against exact Shapley values of groups of features."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from repdyn.attribution.agreement import rank_agreement
from repdyn.attribution.case import Case
from repdyn.attribution.groups import group_sums, image_parts, runs
from repdyn.attribution.shapley import Game, exact_shapley, masking_game, tabulated
from repdyn.attribution.surrogates import kernel_shap, lime
from repdyn.measures.table import entry
from repdyn.seeds import derive
from repdyn.toolkit.attribution.completeness import gap


def shapley(
    key: tuple, case: Case, maps: dict, step: int, side: int, coalitions: int, signed: Sequence[str]
) -> Iterator[dict]:
    """The entries of shapley/*, repeated/* and of the completeness of what has no map. case: the first examples of the maps.

    side: parts of an image along a side, groups are as many as its square; coalitions: for a surrogate; signed: methods
    whose maps have a sign.
    """
    count = side**2
    known = case.known.numpy()
    parts = image_parts(*known.shape[1:], side) if known.ndim == 3 else runs(known, count)
    groups = np.broadcast_to(parts, known.shape)
    players = int(groups.max()) + 1
    members = torch.tensor(case.spread(groups))
    game = tabulated(masking_game(case.f, case.x, case.targets, members, case.baseline), players)
    values = exact_shapley(game, players).T
    top, bottom = case.ends()
    yield gap(step, "shapley", values, top - bottom)
    absent = np.isnan(group_sums(known, groups, players))
    for name, fits in _surrogates(key, game, players, step, coalitions).items():
        yield gap(step, name, fits[0], top - bottom)
        one, other, exact = (np.where(absent, np.nan, each) for each in (*fits, values))
        yield entry(step, "", f"shapley/{name}", *rank_agreement(one, exact))
        yield entry(step, "", f"repeated/{name}", *rank_agreement(one, other))
    for name, found in maps.items():
        sums = group_sums(found[: len(groups)], groups, players)
        owed = np.where(np.isnan(sums), np.nan, values if name in signed else np.abs(values))
        yield entry(step, "", f"shapley/{name}", *rank_agreement(sums, owed))


def _surrogates(key: tuple, game: Game, players: int, step: int, coalitions: int) -> dict[str, list[np.ndarray]]:
    """Two independent fits (n, players) by name; none for a single player, who has the whole value."""
    if players < 2:
        return {}
    rng = np.random.default_rng(derive(*key, "attribution coalitions", step))
    fitted = {"kernel_shap": (kernel_shap, coalitions // 2), "lime": (lime, coalitions)}
    return {name: [fit(game, players, size, rng).T for _ in range(2)] for name, (fit, size) in fitted.items()}
