"""What is wrong with a run, in words, so that nothing is averaged in silently."""

import pandas as pd
from scipy.special import betainc


def at_chance(correct: int, examples: int, chance: float, level: float = 0.01) -> bool:
    """Whether an accuracy is within noise of chance: one-sided binomial test, not significant at `level`."""
    # P(X >= correct) for X ~ Binomial(examples, chance), without the seconds that importing scipy.stats takes.
    return (correct == 0 or betainc(correct, examples - correct + 1, chance)) > level


def dead_layers(trajectory: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Layers of which all features were constant over the probe set at some measurement.

    Returns {layer: {"first_step": ..., "measurements": number of such measurements}}.
    """
    dead = trajectory[trajectory["stable_rank"].isna()].groupby("layer", sort=False)["step"]
    return {
        layer: {"first_step": int(first), "measurements": int(count)}
        for layer, first, count in zip(dead.min().index, dead.min(), dead.count(), strict=True)
    }


def describe(
    diverged_at: int | None, chance_level: bool, dead: dict[str, dict[str, int]], measurements: int
) -> list[str]:
    """The flags of a run as sentences; empty for a run without any."""
    flags = []
    if diverged_at is not None:
        flags.append(f"loss not finite at step {diverged_at}")
    elif chance_level:
        flags.append("test accuracy within noise of chance")
    for layer, when in dead.items():
        share = f"{when['measurements']} of {measurements} measurements"
        flags.append(f"layer {layer} constant at {share}, first at step {when['first_step']}")
    return flags
