"""Texts that differ in one word: the word that tells most of a class, swapped for one that tells most of another."""

import numpy as np

from repdyn.errors import StudyError


def word_odds(tokens: np.ndarray, counted: np.ndarray, labels: np.ndarray, classes: tuple[int, int]) -> np.ndarray:
    """How much each word speaks for class a against class b: log odds (words,) of its frequency, one added to each count.

    tokens (n, T) of numbers of words, counted (n, T) bool: which of them are words, labels (n,), classes (a, b).
    """
    size = int(tokens.max()) + 1
    counts = [np.bincount(tokens[labels == label][counted[labels == label]], minlength=size) + 1.0 for label in classes]
    return np.log(counts[0] / counts[0].sum()) - np.log(counts[1] / counts[1].sum())


def swapped_words(
    tokens: np.ndarray,
    others: np.ndarray,
    counted: np.ndarray,
    odds: np.ndarray,
    rng: np.random.Generator | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Texts (n, T) with one word from the other text of the pair in place of theirs, and its position (n,).

    The word with the highest odds goes, and the one of the other text with the lowest comes. rng: both at random. others
    (n, T): texts of the same lengths. StudyError for texts without a word.
    """
    if tokens.shape != others.shape or tokens.shape != counted.shape or not counted.any(1).all():
        raise StudyError(f"texts {tokens.shape} and {others.shape} need the same shape, and a word each")
    gone, come = (odds[words] if rng is None else rng.random(words.shape) for words in (tokens, others))
    position = np.where(counted, gone, -np.inf).argmax(1)
    source = np.where(counted, come, np.inf).argmin(1)
    rows = np.arange(len(tokens))
    swapped = tokens.copy()
    swapped[rows, position] = others[rows, source]
    return swapped, position
