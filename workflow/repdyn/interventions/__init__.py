"""Changing what happens inside a network, and what that does to its output."""
