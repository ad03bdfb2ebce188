"""What the pages say about each figure. Captions are files, because Snakemake's own report shows them too."""

from importlib.resources import files
from typing import NamedTuple


class Panel(NamedTuple):
    """Title and alternative text of a figure."""

    title: str
    alt: str


STUDY = {
    "dashboard": Panel(
        "Dashboard",
        "Ten panels: order of convergence, timing, rate, phase, size and types of jumps, coordination, coupling to the "
        "loss, and key statistics, each against its null",
    ),
    "deep_dive": Panel("Architectures", "Histograms of jump phase per family, and dot plots of jumps per run by layer"),
    "repaired": Panel(
        "Why the published stable rank was constant",
        "Published stable rank flat at 1 beside the true stable rank, for three runs",
    ),
    "validity": Panel(
        "Detectors where the truth is known", "Dot plots of false positives and recall by scenario and detector"
    ),
    "velocity": Panel(
        "Velocity, acceleration and critical steps",
        "Curves of velocity, acceleration and critical steps against phase, a column per family",
    ),
    "loss_curves": Panel("Loss", "Small multiples of probe loss against training step"),
    "accuracy_curves": Panel("Accuracy", "Small multiples of probe accuracy against training step"),
    "dimension_curves": Panel(
        "Dimension while learning",
        "Small multiples, by family and dataset, of the dimension of layers against training step",
    ),
    "final_dimension": Panel(
        "Dimension at the last step",
        "Dot plot of the final participation ratio and stable rank of every run, by architecture",
    ),
    "hypotheses": Panel(
        "Jumps against control moments", "Dot plot with intervals of the contrasts of every hypothesis and family"
    ),
    "specialisation": Panel(
        "Attention: entropy and specialisation",
        "Curves of attention entropy and head specialisation against training step, by architecture",
    ),
    "selectivity": Panel(
        "Class selectivity of units",
        "Mean class selectivity of hidden units at initialisation and at the end of training, by architecture",
    ),
}

RUN = {
    "heatmap": Panel("Layers by steps", "Heatmap of the dimension of every layer over training"),
    "moments": Panel("Moments", "Trajectories of all layers with jump windows and control windows marked"),
    "similarity": Panel(
        "Similarity between steps", "Matrices of representational similarity between the steps looked into, by layer"
    ),
    "attention": Panel("Attention before and after", "Attention maps per layer and head, before and after"),
    "filters": Panel("Filters of the first convolution", "Grid of the filters of the first convolution over training"),
}


def caption(name: str) -> str:
    """The caption of a figure, captions/<name>.rst."""
    return files("repdyn.report").joinpath("captions", f"{name}.rst").read_text(encoding="utf-8").strip()
