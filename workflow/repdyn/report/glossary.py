"""The words of the pages: what each means, shown where it first stands, under the pointer, and in a glossary that prints."""

import re

from markupsafe import Markup, escape

# In the order of the glossary. Longer names before those that they hold, because the first that fits is marked.
WORDS = {
    "candidate": "a shift of level between two measurements of a layer that its null does not give; a jump if it happens"
    " within one training step",
    "jump": "a change of a layer's dimension of which at least half happens within one training step",
    "critical step": "a step at which a layer's dimension moves faster than at nine tenths of its steps; a tenth are"
    " critical by definition, so that only when they are says anything",
    "coincidence": "pairs of layers that are critical at the same step, over how many would be by chance",
    "excess": "a share above what chance gives, which is subtracted",
    "circular shift": "a series turned round in time: what it does stays, when it does it is lost",
    "null": "what would be seen without the effect",
    "surrogate": "a series without jumps made from a measured one: its trend, noise and autocorrelation, drawn anew",
    "event window": "the steps before, at and after a jump, at which one looks into a network",
    "matched control window": "a window of the same run and period in which nothing jumps",
    "placebo": "a window where jumps are usual, in a run that has none: what time alone does",
    "training fraction": "step over total steps, from 0 to 1; early is below 0.1, late above 0.5",
    "dimension": "how many directions the activity of a layer fills, over examples",
    "participation ratio": "a dimension: the squared sum of the variances along all directions over the sum of their"
    " squares",
    "stable rank": "a dimension: the sum of the variances along all directions over the largest",
    "settle": "to stay near the last value from a step on",
    "bottom-up": "layers near the input settle first; top-down: those near the output",
    "excluded run": "a run that diverged or ended at chance: shown, and in no average",
    "interval": "the range that would hold the true value in 95 % of studies like this one; over experiments, never over"
    " layers or steps",
    "bound": "where a claim ends: half way to the published effect unless said otherwise",
    "q": "a p value corrected for the number of tests",
}


def anchor(word: str) -> str:
    return f"word-{word.replace(' ', '-')}"


def pattern(word: str) -> str:
    """The word as it stands in text: its plural too, and not inside another word."""
    return rf"(?<![\w-]){re.escape(word)}(?:s|d)?(?![\w-])"


# One pass over a text, so that no word is marked inside the explanation of another.
EVERY = re.compile("|".join(f"({pattern(word)})" for word in sorted(WORDS, key=len, reverse=True)), re.IGNORECASE)
BY_GROUP = sorted(WORDS, key=len, reverse=True)


class Explained:
    """Marks the words of a page where they first stand. `seen`: those that were."""

    def __init__(self):
        self.seen: list[str] = []

    def __call__(self, text: str) -> Markup:
        """Plain text with the words that are new on this page as <dfn>, with their meaning under the pointer."""
        text, parts, end = str(text), [], 0
        for found in EVERY.finditer(text):
            word = BY_GROUP[found.lastindex - 1]
            if word in self.seen or word == "q":
                continue
            self.seen.append(word)
            parts += [
                escape(text[end : found.start()]),
                Markup('<dfn title="{}">{}</dfn>').format(WORDS[word], found[0]),
            ]
            end = found.end()
        return Markup("").join([*parts, escape(text[end:])])

    def since(self, number: int) -> list[tuple[str, str]]:
        """The words marked after the first `number` of them, with their meanings."""
        return [(word, WORDS[word]) for word in self.seen[number:]]
