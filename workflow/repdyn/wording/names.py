"""Families, metrics and layers in words."""

import re

# Families in the order in which every figure and table shows them.
FAMILIES = {"mlp": "MLP", "cnn": "CNN", "transformer": "Transformer", "module": "Own network"}

METRIC_NAMES = {
    "participation_ratio": "participation ratio",
    "stable_rank": "stable rank",
    "effective_rank": "effective rank",
    "rank_90": "rank at 90 % of variance",
    "nuclear_norm_ratio": "nuclear-norm ratio",
}

DETECTORS = {
    "levelshift": "level shift (default)",
    "zscore": "|z| > 2 (published)",
    "robust_z": "robust z",
    "changepoints": "change points",
    "cusum": "CUSUM",
}

# Parts of the names of measures that are no plain words.
PARTS = {
    "cka": "CKA",
    "hoyer": "Hoyer sparseness",
    "treves rolls": "Treves-Rolls sparseness",
    "procrustes": "Procrustes distance",
    "init": "initialisation",
    "se": "standard error",
    "auc": "AUC",
    "mle": "MLE",
    "twonn": "TwoNN",
    "leace": "LEACE",
    "inlp": "INLP",
    "mine": "MINE",
    "infonce": "InfoNCE",
    "pca": "PCA",
    "pc1": "first component",
    "rho": "rank correlation",
    "r2": "R²",
    "f1": "F1",
    "l0": "active features",
    "mmcs": "likeness of features,",
}


def family_order(families) -> list[str]:
    """The given families without repeats: the known ones in the order of FAMILIES, then any others by name."""
    present = set(families)
    return [name for name in FAMILIES if name in present] + sorted(present - set(FAMILIES))


def family_name(family: str) -> str:
    return FAMILIES.get(family, family)


def detector_name(detector: str) -> str:
    return DETECTORS.get(detector, detector)


def measure_name(quantity: str) -> str:
    """The name of a measured quantity in words: "cka_half_difference" -> "CKA half difference"."""
    words = quantity.replace("_", " ").replace("/", ", ")
    return re.sub(rf"\b({'|'.join(PARTS)})\b", lambda found: PARTS[found[0]], words)


def metric_name(metric: str) -> str:
    """A metric's name in words: "stable_rank_uncentred" -> "stable rank (uncentred)"."""
    base = metric.removesuffix("_uncentred")
    return METRIC_NAMES.get(base, base.replace("_", " ")) + (" (uncentred)" if base != metric else "")


def layer_name(layer: str) -> str:
    """A layer's module path in words, numbers as in the path: "blocks.2.feedforward" -> "block 2 feed-forward"."""
    layer = layer.removeprefix("network.")
    if layer == "output":
        return "logits"
    parts = re.fullmatch(r"(hidden|blocks)\.(\d+)(?:\.(\w+))?", layer)
    if not parts:
        return layer
    kind, number, inner = parts.groups()
    if kind == "hidden":
        return f"hidden {number}"
    if inner == "relu":
        return f"conv {number}"
    return f"block {number} {(inner or 'output').replace('feedforward', 'feed-forward')}"
