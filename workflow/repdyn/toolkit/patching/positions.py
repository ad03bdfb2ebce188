"""Where along tokens and places the difference between two classes is: patched there alone, or traced under noise."""

from collections.abc import Iterator

from repdyn.interventions.recovery import null_of
from repdyn.interventions.tracing import causal_tracing
from repdyn.measures.table import entry
from repdyn.roles import EMBEDDING, layers_with
from repdyn.toolkit.pairwise import Look


def positions(look: Look, cells: int) -> Iterator[dict]:
    """The entries of position_denoising: of every token, or of cells x cells parts of a channel's map."""
    for path in look.layers:
        if sites := look.positions(path, cells):
            yield from look.denoised(path, "position_denoising", sites)


def tracing(look: Look, cells: int) -> Iterator[dict]:
    """The entries of tracing and tracing_total; none for networks without an embedding of tokens."""
    right, clean = look.pairs.classes[0], look.pairs.clean
    paths = [path for path in (*layers_with(look.roles, EMBEDDING), *look.states()) if len(look.shapes[path]) == 2]
    if not paths or look.roles[paths[0]] != EMBEDDING:
        return
    embedding, groups = paths[0], {path: look.positions(path, cells) for path in paths}
    sites = [site for group in groups.values() for site in group]
    traced = causal_tracing(
        look.model, clean, embedding, sites, lambda logits: logits.softmax(1)[:, right], look.rng("noise")
    )
    yield entry(look.step, "", "tracing_total", (traced.clean - traced.noised).mean())
    null = null_of(traced.exchanged, traced.noised, traced.clean)
    at = 0
    for path, group in groups.items():
        rows = slice(at, at + len(group))
        at = rows.stop
        sides = [side[rows] for side in null]
        yield from look.recovered(path, "tracing", traced.restored[rows], traced.noised, traced.clean, sides)
