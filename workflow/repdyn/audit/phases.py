"""Phases of training at which claims were published; the configuration must measure our runs there."""

# Quantity of claim C16 -> the published steps (100, 1,000 and 2,000 of 2,000) that it compares, as phases.
FILTER_PHASES = {"cosine_100_1000": (0.05, 0.5), "cosine_1000_2000": (0.5, 1.0)}
