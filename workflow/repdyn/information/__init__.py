"""Mutual information: from nearest neighbours, by a critic, under declared noise, in closed form; intervals and bounds."""
