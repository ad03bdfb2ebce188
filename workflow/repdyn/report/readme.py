"""The part of README.md that says what the study found, written from the integrated report."""

from repdyn.audit.deciding import published_of
from repdyn.errors import StudyError
from repdyn.report.evidence import SETS, counted, told_of_sets
from repdyn.report.integrated import table_row, words_of
from repdyn.wording.claim_quantities import quantity_name
from repdyn.wording.names import metric_name
from repdyn.wording.numbers import MISSING, interval, plural, short

PUBLISHED_FAMILIES = ("mlp", "cnn", "transformer")
BEGIN, END = "<!-- verdicts -->", "<!-- end of verdicts -->"
IMAGE = "data/readme/jumps.png"

# Quantities in words that are clear beside their claim; others are written as they are named.
WORDS = {
    "C01": {"runs_stable_at_zero": "runs", "stable_percent": "% of layers"},
    "C02": {"total": "jumps"},
    "C03": {"early_percent": "% early", "late_percent": "% late"},
    "C04": {
        "early_percent_cnn": "CNNs",
        "early_percent_mlp": "MLPs",
        "early_percent_transformer": "% early, transformers",
        "early_percent_cnn_minus_transformer": "CNNs minus transformers, points",
        "early_percent_mlp_minus_transformer": "MLPs minus transformers",
    },
    "C05": {"types_found": "types"},
    "C06": {"critical": "critical steps"},
    "C07": {"mean": "mean share of layers", "coincidence_ratio": "coincident / chance"},
    "C08": {"mean": "share falling", "excess": "excess share"},
    "C09": {
        "early_percent": "% of early jumps",
        "mid_percent": "of mid jumps",
        "early_minus_mid_percent": "early minus mid, points",
    },
    "C10": {"linear2_percent": "% in linear2", "attention_percent": "% in attention"},
    "C11": {
        "first_convolution_percent": "% in the first convolution",
        "first_convolution_excess_percent": "excess, points, CNNs",
        "first_layer_excess_percent_mlp": "MLPs",
    },
    "C12": {"ratio": "ratio", "ratio_per_layer_same_depth": "ratio, same depth"},
    "C13": {"early": "change of loss, early jumps", "early_excess": "excess, early", "late_excess": "late"},
    "C14": {"coordination_percent": "% of layers", "together_excess_percent": "excess, points"},
    "C15": {"late_jumps": "late jumps", "escape": "H4", "acquisition": "H5"},
    "C16": {
        "cosine_100_1000": "cosine",
        "cosine_1000_2000": "later",
        "cosine_100_1000_all_cnn": "all CNNs",
        "cosine_1000_2000_all_cnn": "later",
    },
    "C17": {"correlation": "correlation", "correlation_of_possible": "share of largest"},
}


def extract(report: dict) -> dict:
    """What the section needs of the integrated report, small enough for git.

    Of a claim: the published numbers beside those of our runs that its verdict rests on.
    """
    metadata, provenance = report["metadata"], report["provenance"]
    return {
        **{name: metadata[name] for name in ("metric", "runs", "experiments", "seeds", "steps")},
        "excluded": len(metadata["excluded"]),
        **{name: provenance[name] for name in ("commits", "settings_digest")},
        "jumps": jumps_of(report),
        "claims": [
            {
                **{name: claim[name] for name in ("id", "title", "evidence", "holds", "parts", "seeds")},
                "published": _published(claim),
                "ours": _ours(claim),
            }
            for claim in report["claims"]
        ],
    }


def jumps_of(report: dict) -> dict:
    """How many jumps by which rule, for `figures.main_result`; None where the report has no number.

    published  printed, repaired, noise (mean of the null of the repaired), tested, declared (false ones, at most),
               families (of those tested)
    ours       runs (that learned), rule, noise, candidates and jumps, each with the number in each family
    """
    total = _counted(report, "total")
    tested = _counted(report, "total_detected")
    left_out = {(run["experiment"], run["seed"]) for run in report["metadata"]["excluded"]}
    runs = [run for run in report["experiments"] if (run["experiment"], run["seed"]) not in left_out]
    return {
        "published": {
            "printed": total.get("published"),
            "repaired": total.get("repaired"),
            "noise": total.get("null", {}).get("mean"),
            "tested": tested.get("repaired"),
            "declared": tested.get("null", {}).get("mean"),
            "families": {name: _counted(report, f"{name}_detected").get("repaired") for name in PUBLISHED_FAMILIES},
        },
        "ours": {
            "runs": len(runs),
            "rule": _summed(runs, "z_jumps"),
            "noise": _summed(runs, "z_jumps_null"),
            **{name: _summed(runs, name) for name in ("candidates", "jumps")},
            **{
                f"{name}_by_family": {
                    family: _summed([run for run in runs if run["family"] == family], name)
                    for family in sorted({run["family"] for run in runs})
                }
                for name in ("candidates", "jumps")
            },
        },
    }


def _counted(report: dict, quantity: str) -> dict:
    """A quantity of claim C02; empty where the report has none."""
    rows = [row for claim in report["claims"] if claim["id"] == "C02" for row in claim["quantities"]]
    return next((row for row in rows if row["quantity"] == quantity), {})


def _summed(runs: list[dict], name: str) -> float | None:
    values = [run[name] for run in runs if run.get(name) is not None]
    return sum(values) if values else None


def _published(claim: dict) -> list[dict]:
    """The published numbers beside the quantities that decide, each once."""
    printed = {row["quantity"]: row["published"] for row in claim["quantities"] if row["published"] is not None}
    beside = published_of(claim["decided_by"], printed, claim["claimed"])
    chosen = {name: value for numbers in beside.values() for name, value in numbers.items()}
    return [{"quantity": name, "value": value} for name, value in chosen.items()]


def _ours(claim: dict) -> list[dict]:
    """Our numbers of the quantities that decide; None where no run gives them."""
    measured = {row["quantity"]: row["ours"] for row in claim["quantities"]}
    nothing = {"value": None, "low": None, "high": None}
    return [{"quantity": name, **measured.get(name, nothing)} for name in claim["decided_by"]]


def section(found: dict) -> str:
    """The section as Markdown, markers included. found: `extract`."""
    claims = found["claims"]
    if not claims:
        raise StudyError("the integrated report has no claims; the study needs study/ledger.parquet")
    several = any(claim["seeds"] for claim in claims)
    headings = ["", "Claim", "Published", "Ours, with 95 % interval", "Published evidence", "In our runs"]
    headings += ["One seed says the same", "All but one"] if several else []
    lines = [
        BEGIN,
        "",
        _sentence(found),
        "",
        f'<img src="{IMAGE}" width="560" alt="{alternative(found["jumps"])}">',
        "",
        table_row(headings),
        table_row(["---"] * len(headings)),
        *(_row(claim, several) for claim in claims),
        "",
        "Ours: the numbers that the rule in [config/claims.yaml](config/claims.yaml) looks at "
        f"({metric_name(found['metric'])}; jumps: changes within one training step; excess: above chance; points: "
        "percentage points). The report says how often each rule errs. Written by `snakemake readme`.",
        "",
        END,
    ]
    return "\n".join(lines)


def _sentence(found: dict) -> str:
    told = counted(*([claim[name] for claim in found["claims"]] for name in ("evidence", "holds")))
    steps = " or ".join(f"{steps:,}" for steps in found["steps"])
    commits = ", ".join(f"`{commit}`" for commit in found["commits"]) or "unknown"
    apart = f", {found['excluded']} of them excluded: diverged or at chance" if found["excluded"] else ""
    return (
        f"{told} This rests on {plural(found['runs'], 'run')} of our own "
        f"({plural(found['experiments'], 'experiment')}, {plural(found['seeds'], 'seed')}, {steps} steps{apart}), "
        f"commit {commits}, settings `{found['settings_digest']}`."
    )


def alternative(jumps: dict) -> str:
    """What the figure shows, for those who do not see it."""
    published, ours = jumps["published"], jumps["ours"]
    return (
        f"Jumps printed: {short(published['printed'])}; by the same rule, repaired: {short(published['repaired'])}, without "
        f"jumps: {short(published['noise'])}; left by a test: {short(published['tested'])}. "
        f"Ours: {short(ours['candidates'])}, within one step {short(ours['jumps'])}."
    )


def _row(claim: dict, several: bool) -> str:
    known = WORDS.get(claim["id"], {})

    def words(number: dict) -> str:
        name = number["quantity"].removesuffix("_detected")
        return known.get(name, quantity_name(claim["id"], name))

    published = [f"{words(number)}: {short(number['value'])}" for number in claim["published"]]
    ours = [f"{words(number)}: {interval(number['value'], number['low'], number['high'])}" for number in claim["ours"]]
    cells = [claim["id"], claim["title"], "; ".join(published), "; ".join(ours), *words_of(claim)]
    return table_row(cells + (agreement(claim["seeds"]) if several else []))


def agreement(seeds: dict | None) -> list[str]:
    """How many seeds alone, and sets of all but one, give the word of the claim."""
    if seeds is None:
        return [MISSING] * len(SETS)
    return [told_of_sets(seeds[f"{name}_same"], seeds[f"{name}_opposite"], seeds[name]) for name in SETS]


def replaced(text: str, new: str, where: str = "README.md") -> str:
    """`text` with what lies between the markers, and the markers, replaced by `new`.

    StudyError unless each marker stands there exactly once, the first before the second.
    """
    for marker in (BEGIN, END):
        if text.count(marker) != 1:
            raise StudyError(
                f"{where} has the marker {marker} {text.count(marker)} times; it must be there exactly once"
            )
    before, rest = text.split(BEGIN)
    if END not in rest:
        raise StudyError(f"{where} has the marker {END} before {BEGIN}; they must be in the other order")
    return before + new + rest.split(END)[1]
