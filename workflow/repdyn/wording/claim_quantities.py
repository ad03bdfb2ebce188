"""The quantities of claims in words, by claim: one name may stand for different things in two claims."""

FAMILIES = {"transformer": "transformers", "cnn": "CNNs", "mlp": "MLPs"}
# What is added to a name, and to its words.
SUFFIXES = {
    "_detected": "by our detector",
    "_all_jumps_run": "all jumps of that run",
    "_all_jumps_family": "all jumps of transformers",
    "_later_table": "in a later table",
    "_all_cnn": "all CNNs",
    "_second": "second convolution",
    "_third": "third convolution",
    "_output": "output layer",
} | {f"_{family}": words for family, words in FAMILIES.items()}
POINTS = "percentage points"

WORDS = {
    "C01": {
        "runs_stable_at_zero": "runs said to be stable at step 0",
        "unclear": "runs without a clear order",
        "bottom_up": "runs that settle from the bottom up",
        "top_down": "runs that settle from the top down",
        "simultaneous": "runs whose layers settle together",
        "not_evaluable": "runs that are not evaluable",
        "stable_percent": "layers stable from step 0, %",
        "rho_depth_settling": "rank correlation of depth and settling",
    },
    "C02": {
        "total": "jumps",
        **{family: f"jumps of {words}" for family, words in FAMILIES.items()},
        "per_1000": "jumps per 1,000 measurements",
    },
    "C03": {
        "early": "jumps before a tenth",
        "mid": "jumps from a tenth to half",
        "late": "jumps after half",
        "early_percent": "jumps before a tenth, %",
        "mid_percent": "jumps from a tenth to half, %",
        "late_percent": "jumps after half, %",
    },
    "C04": {
        "early_percent": "early jumps, %",
        "mean_phase": "mean training fraction of jumps",
        "early_percent_cnn_minus_transformer": f"early jumps, CNNs less transformers, {POINTS}",
        "early_percent_mlp_minus_transformer": f"early jumps, MLPs less transformers, {POINTS}",
    },
    "C05": {
        **{
            f"size_{rank}": f"jumps of the {words} type"
            for rank, words in enumerate(("largest", "second", "third", "fourth", "smallest"), 1)
        },
        "types": "types asked for",
        "types_found": "types found",
    },
    "C06": {
        "critical": "critical periods per run",
        "transitions": "transitions per run",
        "bunching_ratio": "dispersion of critical periods, over chance",
    },
    "C07": {
        "mean": "mean coordination",
        "strong_runs": "runs with strong coordination",
        "coincidence_ratio": "layers critical together, over chance",
    },
    "C08": {
        "mean": "share of critical periods with falling loss",
        "excess": "falling loss at critical periods, beyond the losses of other runs",
    },
    "C09": {
        **{f"{when}_percent": f"{when} jumps with falling loss, %" for when in ("early", "mid", "late")},
        **{
            f"{when}_excess_percent": f"{when} jumps with falling loss, beyond their windows, {POINTS}"
            for when in ("early", "mid", "late")
        },
        "early_minus_mid_percent": f"falling loss at early less mid jumps, {POINTS}",
    },
    "C10": {
        "linear1_percent": "jumps in feed-forward up-projections (linear1), %",
        "linear2_percent": "jumps in feed-forward down-projections (linear2), %",
        "attention_percent": "jumps in attention outputs, %",
        "attention_excess_percent": f"jumps in attention outputs, beyond their share of layers, {POINTS}",
    },
    "C11": {
        "first_convolution_percent": "jumps in the first convolution, %",
        "first_convolution_excess_percent": f"jumps in the first convolution, beyond its share of layers, {POINTS}",
        "first_layer_excess_percent": f"jumps in the first layer, beyond its share of layers, {POINTS}",
    },
    "C12": {
        "ratio": "jumps of one CNN run over one MLP run",
        "cnn_jumps": "jumps of the CNN run",
        "mlp_jumps": "jumps of the MLP run",
        "ratio_all_runs": "jumps per run, CNNs over MLPs",
        "ratio_per_layer_all_runs": "jumps per layer, CNNs over MLPs",
        "ratio_per_layer_same_depth": "jumps per layer, CNNs over MLPs of like depth",
    },
    "C13": {
        **{when: f"change of the loss at {when} jumps" for when in ("early", "mid", "late")},
        **{f"{when}_excess": f"change of the loss at {when} jumps, beyond their windows" for when in ("early", "late")},
    },
    "C14": {
        "coordination_percent": "jumps at which layers change together, %",
        "together_percent_run": "other layers that jump too, %, published run",
        "together_percent_family": "other layers that jump too, %, all transformers",
        "together_excess_percent": f"other layers that jump too, beyond chance, {POINTS}",
    },
    "C15": {
        "late_jumps": "late jumps",
        "late_percent": "late jumps, %",
        "escape": "escape from initialisation at early jumps, standard deviations",
        "acquisition": "classes newly recognised at late jumps, standard deviations",
    },
    "C16": {
        "cosine_100_1000": "cosine between steps 100 and 1,000",
        "cosine_1000_2000": "cosine between steps 1,000 and 2,000",
        "cosine_100_2000": "cosine between steps 100 and 2,000",
    },
    "C17": {
        "correlation": "correlation of detections",
        "measurements": "measurements",
        "correlation_of_possible": "correlation of detections, over the largest possible",
    },
}


def quantity_name(claim: str, quantity: str) -> str:
    """A quantity of a claim in words; one without an entry by its name."""
    return known_name(claim, quantity) or quantity.replace("_", " ")


def known_name(claim: str, quantity: str) -> str | None:
    """The same, None without an entry."""
    words = WORDS.get(claim, {})
    if quantity in words:
        return words[quantity]
    for suffix, added in SUFFIXES.items():
        if quantity.endswith(suffix) and (base := known_name(claim, quantity.removesuffix(suffix))):
            return f"{base}, {added}"
    return None
