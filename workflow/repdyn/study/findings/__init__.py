"""What no published claim asks of the runs: one question per file, each answer beside its null, and the rule of its word."""
