"""Topology of clouds of points: landmarks, persistent homology, and which of its features are beyond chance."""
