"""What the guide asks: every tool answers the questions that guide.py of its folder lists as QUESTIONS.

All else that the guide says of a question (title, figure, networks, null, cost, limits) it takes from the tool and from
the table of calibration.
"""

from typing import NamedTuple

# In the order of the guide.
GOALS = {
    "features": "Find what units and layers hold",
    "causes": "Find what an answer depends on",
    "attribution": "Explain one answer",
    "shape": "Describe the shape of representations",
    "information": "Measure information",
    "learning": "Follow learning",
    "recurrent": "Understand what a recurrent network computes",
    "comparison": "Compare networks with each other and with brains",
    "series": "Describe series, graphs and energies",
    "cells": "Simulate cells and synapses",
}
LEVELS = {
    "example": "single examples",
    "unit": "units and heads",
    "direction": "directions and features",
    "layer": "layers",
    "network": "whole networks",
    "training": "training",
    "data": "series, graphs and tables",
}
NETWORKS = {"any": "any network", "cnn": "CNNs", "transformer": "transformers", "recurrent": "recurrent networks"}

# Scripts of examples/recipes that answer a question on a model whose answer is known, with what they print beside them.
RECIPES = ("layers", "heads", "fixed_points", "dimension", "features", "circuit", "jumps")


class Question(NamedTuple):
    """asks: ends with "?". goal, level: of GOALS and LEVELS. functions: the public ones that answer it, as
    "room.module.function" of the library. methods: their rows in `calibration.registry.METHODS`. quantity: of the tool's
    `measure`, the one whose null an answer is compared with; "" where the tool does not apply the methods in the study.
    networks: of NETWORKS; "" for those of the tool. recipe: of RECIPES. cannot: what an answer does not say, needed without
    a quantity; "" for the tool's `limits`.
    """

    asks: str
    goal: str
    level: str
    functions: tuple[str, ...]
    methods: tuple[str, ...]
    quantity: str = ""
    networks: str = ""
    recipe: str = ""
    cannot: str = ""
