"""Geometry of clouds of points: dimension, tangents, curvature, geodesics, separability of classes, embeddings."""
