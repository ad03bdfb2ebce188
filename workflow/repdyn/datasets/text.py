"""Words, vocabularies and token ids, shared by the text datasets."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

PADDING = "<pad>"
UNKNOWN = "<unk>"
POSSESSIVE = re.compile(r"['’]s\b")
APOSTROPHE = re.compile(r"['’]")
WORD = re.compile(r"[a-z]+")


def words(text: str) -> list[str]:
    """Lower-case words of letters only; "library's" gives "library" and "don't" gives "dont"."""
    return WORD.findall(APOSTROPHE.sub("", POSSESSIVE.sub("", text.lower())))


def build_vocabulary(texts: Iterable[Sequence[str]], size: int) -> tuple[str, ...]:
    """Padding, unknown, then the `size` most frequent words; ties in alphabetical order."""
    counts = Counter(word for text in texts for word in text)
    ranked = sorted(counts.keys() - {PADDING, UNKNOWN}, key=lambda word: (-counts[word], word))
    return (PADDING, UNKNOWN, *ranked[:size])


def encode(texts: Sequence[Sequence[str]], vocabulary: Sequence[str], length: int) -> np.ndarray:
    """(n, length) int64 ids of the first `length` words, then 0; a text without words is one unknown."""
    index = {word: position for position, word in enumerate(vocabulary)}
    tokens = np.zeros((len(texts), length), dtype=np.int64)
    for row, text in zip(tokens, texts, strict=True):
        ids = [index.get(word, 1) for word in text[:length]] or [1]
        row[: len(ids)] = ids
    return tokens
