"""Trains 55 small networks while tracking the dimensionality of every layer, and reports how it changes."""


include: "workflow/Snakefile"


# Snakemake forgets which rule of an included file is the default, and would do nothing.
workflow.default_target = "all"
