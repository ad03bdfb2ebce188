"""Tracking any network in any training loop: which layers it has, what they hold, and how that changes."""
