"""Tracking in the loops of other libraries; each module imports the library that it serves, and nothing else does."""
