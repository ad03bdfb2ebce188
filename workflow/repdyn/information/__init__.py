"""Mutual information from nearest neighbours, with intervals, nulls and bounds."""
