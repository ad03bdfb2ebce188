"""The figures of the study and of runs: a figure is a folder in `study/` or `run/` and an entry here.

- figure.py: `draw(source)`, of a `sources.Study` or a `sources.Run`, returns a matplotlib figure.
- caption.rst: what it shows. A file, because Snakemake's own report shows it too.
- data.py, where drawing needs more than the tables hold: `collect(source)` returns the one table (or dictionary) that
  figure.py then draws, and that stays beside the other tables of the study.

No figure imports this module, so that a new entry draws no other figure again.
"""

from importlib.resources import files
from typing import NamedTuple

from repdyn.families import FAMILIES

ALL = FAMILIES


class StudyFigure(NamedTuple):
    """A figure of the whole study.

    title, alt: what it is about, and alternative text. section: of the page, one of SECTIONS. tables: files of the study
    that it reads; runs: files that it reads of every run of `families`. data: the file that its data.py makes of them.
    claims: the published claims that it shows. offers: files of the study with its numbers, where it is drawn from files of
    the runs themselves.
    """

    title: str
    alt: str
    section: str
    tables: tuple[str, ...] = ("experiments.parquet",)
    runs: tuple[str, ...] = ()
    families: tuple[str, ...] = ALL
    data: str = ""
    claims: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()


class RunFigure(NamedTuple):
    """A figure of every run of `families`. title, alt: heading and alternative text. files: those of the run that it reads.
    page_bytes: how large it may be on the page of the run."""

    title: str
    alt: str
    files: tuple[str, ...]
    families: tuple[str, ...] = ALL
    page_bytes: int = 60 * 1024


# The parts of the page that show figures of the study, in its order, and their headings.
SECTIONS = {
    "published": "What is wrong with the published metric",
    "order": "Do layers settle in an order?",
    "jumps": "Do dimensions jump, and where and when?",
    "learning": "Does it have to do with learning?",
    "findings": "What is seen that no claim asks",
    "inside": "What changes inside the networks?",
    "method": "How it was done",
}

# In the order of their section.
STUDY = {
    "repaired": StudyFigure(
        "The published stable rank",
        "Published stable rank flat at 1 beside the true stable rank, for three runs",
        "published",
        tables=("series.csv",),
        claims=("C02",),
    ),
    "order": StudyFigure(
        "Order of settling",
        "Bars of runs by the order in which their layers settle, and estimates of the correlation of depth and settling"
        " by family, each over its null",
        "order",
        tables=("experiments.parquet", "statistics.parquet"),
        runs=("convergence.parquet",),
        data="order.json",
        claims=("C01",),
    ),
    "dimension_curves": StudyFigure(
        "Dimension while learning",
        "Small multiples, by family and dataset, of the dimension of layers against training step",
        "order",
        runs=("trajectory.parquet", "run.json"),
        claims=("C01",),
        offers=("curves.parquet",),
    ),
    "timing": StudyFigure(
        "How often, when and by how much",
        "Estimates of jumps per layer and of points that the published rule marks, by family, over their nulls; where"
        " there are jumps, their training fractions, sizes and types",
        "jumps",
        tables=("experiments.parquet", "statistics.parquet", "jump_types.json", "claim_numbers.parquet"),
        runs=("jumps.parquet",),
        data="timing.json",
        claims=("C02", "C03", "C04", "C05", "C12"),
    ),
    "single_steps": StudyFigure(
        "Candidates for jumps, step by step",
        "Above, a dot per candidate: the share of its change in the largest single training step, against the step; below,"
        " its series at every training step, a panel per family",
        "jumps",
        runs=("candidates.parquet", "candidate_steps.parquet", "training.parquet"),
        data="single_steps.parquet",
        claims=("C02", "C13", "C14"),
    ),
    "deep_dive": StudyFigure(
        "Where networks jump",
        "Histograms of jumps by training fraction per family, and dot plots of jumps per run by layer",
        "jumps",
        runs=("jumps.parquet", "layers.parquet"),
        data="deep_dive.json",
        claims=("C10", "C11", "C12"),
    ),
    "coupling": StudyFigure(
        "Coincidence and loss",
        "Three panels of estimates over their nulls: coincident critical steps, falling loss at critical steps, correlation"
        " of speed and loss",
        "learning",
        tables=("experiments.parquet", "statistics.parquet", "claim_numbers.parquet"),
        claims=("C07", "C08", "C09"),
    ),
    "velocity": StudyFigure(
        "Velocity, acceleration and critical steps",
        "Curves of velocity, acceleration and critical steps against training fraction, a column per family",
        "learning",
        runs=("trajectory.parquet", "critical.parquet"),
        data="velocity.parquet",
        claims=("C06",),
    ),
    "findings": StudyFigure(
        "Collapse, order, gradients, variance and accuracy",
        "Six panels: the lowest dimension of each layer, and estimates with intervals beside their nulls: dips, order of"
        " layers by step, changes and gradients, components of variance, accuracy and dimension",
        "findings",
        tables=("findings.parquet", "finding_layers.parquet"),
    ),
    "hypotheses": StudyFigure(
        "Jumps against matched controls",
        "Dot plot with intervals of the contrasts of every hypothesis and family",
        "inside",
        tables=("hypotheses.parquet", "contrasts.parquet"),
        claims=("C15",),
    ),
    "filter_change": StudyFigure(
        "Filters after the first twentieth",
        "Dot plots by architecture of the cosine of first filters with themselves, beside the published network",
        "inside",
        tables=("claim_terms.parquet", "claim_numbers.parquet", "ledger.csv"),
        claims=("C16",),
    ),
    "specialisation": StudyFigure(
        "Attention: entropy and specialisation",
        "Curves of attention entropy and head specialisation against training step, by architecture",
        "inside",
        runs=("measurements.parquet",),
        families=("transformer",),
        offers=("measurements.parquet",),
    ),
    "selectivity": StudyFigure(
        "Class selectivity of units",
        "Mean class selectivity of hidden units at initialisation and at the end of training, by architecture",
        "inside",
        runs=("measurements.parquet", "moments.json"),
        families=("mlp", "cnn"),
        offers=("measurements.parquet",),
    ),
    "validity": StudyFigure(
        "Detectors where the truth is known",
        "Dot plots of false positives and recall by scenario and detector",
        "method",
        tables=("validity.parquet", "validity_verdicts.parquet"),
        claims=("C17",),
    ),
    "loss_curves": StudyFigure(
        "Loss",
        "Small multiples of probe loss against training step",
        "method",
        runs=("training.parquet",),
        offers=("curves.parquet",),
    ),
    "accuracy_curves": StudyFigure(
        "Accuracy",
        "Small multiples of probe accuracy against training step",
        "method",
        runs=("training.parquet",),
        offers=("curves.parquet",),
    ),
    "final_dimension": StudyFigure(
        "Dimension at the last step",
        "Dot plot of the final participation ratio and stable rank of every run, by architecture",
        "method",
    ),
}

# In the order of the page.
RUN = {
    "heatmap": RunFigure(
        "Layers by steps",
        "Heatmap of the dimension of every layer over training",
        ("trajectory.parquet", "run.json", "convergence.parquet", "jumps.parquet"),
        page_bytes=40 * 1024,
    ),
    "moments": RunFigure(
        "Event windows",
        "Trajectories of all layers with jump windows and control windows marked",
        ("moments.json", "jumps.parquet", "trajectory.parquet", "run.json"),
    ),
    "similarity": RunFigure(
        "Similarity between steps",
        "Matrices of representational similarity between the steps looked into, by layer",
        ("moments.json", "measurements.parquet", "run.json"),
    ),
    "attention": RunFigure(
        "Change of attention",
        "Maps per layer and head of how attention changes",
        ("moments.json", "maps.safetensors"),
        ("transformer",),
    ),
    "filters": RunFigure(
        "Filters of the first convolution",
        "Grid of the filters of the first convolution over training",
        ("moments.json", "measurements.parquet", "maps.safetensors"),
        ("cnn",),
    ),
}


def study_caption(name: str) -> str:
    """The caption of a figure of the study."""
    return _caption("study", name)


def figures_of(claim: str) -> list[str]:
    """The figures of the study that show a claim, in the order of the page."""
    return [name for name, figure in STUDY.items() if claim in figure.claims]


def run_caption(name: str) -> str:
    """The caption of a figure of runs."""
    return _caption("run", name)


def _caption(kind: str, name: str) -> str:
    return files("repdyn.figures").joinpath(kind, name, "caption.rst").read_text(encoding="utf-8").strip()
