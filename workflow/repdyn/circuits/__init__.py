"""Circuits from activity and weights: few nodes behind many units, events, mixed selectivity, motifs, signs."""
