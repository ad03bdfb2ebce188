"""Trains 55 small networks while tracking the dimensionality of every layer, and reports how it changes."""


include: "workflow/Snakefile"
