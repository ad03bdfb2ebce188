"""Sparse autoencoders: features of activations, how faithful, how stable, how causal they are."""
