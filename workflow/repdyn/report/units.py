"""The units of the numbers of claims, by their names."""

COUNT, PERCENT, POINTS = "count", "percent", "percentage points"
# Of a claim all of whose other quantities have one unit.
BY_CLAIM = {
    "C07": "share of layers",
    "C08": "share of critical steps",
    "C13": "nats",
    "C15": "standard deviations over experiments",
    "C16": "cosine",
}
BY_PART = {
    "ratio": "ratio",
    "correlation_of_possible": "share of the largest correlation possible",
    "correlation": "correlation",
    "rho": "rank correlation",
    "phase": "training fraction",
    "per_1000": "per 1,000 points",
}
COUNTS = ("strong_runs", "late_jumps")


def unit_of(claim: str, quantity: str) -> str:
    """The unit of a quantity of a claim, such as "percentage points"."""
    name = quantity.removesuffix("_detected")
    if "percent" in name:
        return POINTS if "_minus_" in name or "excess" in name else PERCENT
    found = next((unit for part, unit in BY_PART.items() if part in name), None)
    if found:
        return found
    return COUNT if name in COUNTS else BY_CLAIM.get(claim, COUNT)
