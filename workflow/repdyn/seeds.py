"""Seeds derived from names and counters, so that a random draw depends on what it is for and never on what ran before."""

import hashlib


def derive(*parts: str | int) -> int:
    """A seed in [0, 2^63) for a purpose, e.g. derive("mlp_wide-digits", 0, "batch", 12)."""
    digest = hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
