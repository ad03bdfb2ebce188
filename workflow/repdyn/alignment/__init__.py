"""Representations and recordings of the same stimuli: how well one predicts the other, beside what could be reached."""
