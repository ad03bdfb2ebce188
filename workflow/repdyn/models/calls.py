"""One forward pass of a network, as its modules see it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import nn

from repdyn.errors import StudyError
from repdyn.models.entries import choose


class Call(NamedTuple):
    """One call of a module: what went in and what came out, told by identity and version of the tensor."""

    path: str
    module: nn.Module
    inputs: frozenset[tuple[int, int]]
    output: torch.Tensor
    entry: int | str | None
    key: tuple[int, int]


def observed(model: nn.Module, run: Callable[[], Any], wanted: dict[str, str] | None = None) -> dict[str, Call]:
    """The modules that run exactly once in a pass, in the order in which they finish.

    wanted: {name: entry or ""} of the layers that were asked for; by default all modules, and those whose output holds no
    tensor are left out.
    """
    seen: dict[str, list[Call]] = {}
    alive = []  # an identity is only unique while its tensor lives
    entered: dict[str, frozenset[tuple[int, int]]] = {}

    def enter(path: str) -> Callable[..., None]:
        def note(module: nn.Module, inputs: tuple[Any, ...], options: dict[str, Any]) -> None:
            # Before the module runs, which may be in place.
            tensors = [x for x in (*inputs, *options.values()) if isinstance(x, torch.Tensor)]
            alive.append(tensors)
            entered[path] = frozenset(map(_key, tensors))

        return note

    def hook(path: str, names: list[tuple[str, str | None]]) -> Callable[..., None]:
        def keep(module: nn.Module, inputs: tuple[Any, ...], options: dict[str, Any], output: Any) -> None:
            alive.append(output)
            for name, asked in names:
                tensor, entry = choose(path, output, asked)
                if tensor is not None:
                    seen.setdefault(name, []).append(Call(path, module, entered[path], tensor, entry, _key(tensor)))

        return keep

    modules = dict(model.named_modules())
    by_path: dict[str, list[tuple[str, str | None]]] = {}
    for name, asked in (wanted or {}).items():
        by_path.setdefault(name.partition(":")[0], []).append((name, asked))
    if wanted is None:
        by_path = {path: [(path, None)] for path in modules if path}
    watched = {path: hook(path, names) for path, names in by_path.items()}
    with hooked(modules, watched, {path: enter(path) for path in by_path}), torch.no_grad():
        run()
    for name in wanted or {}:
        times = len(seen.get(name, ()))
        if times != 1:
            raise StudyError(
                f"Layer {name!r} runs {times} times in a forward pass, and a layer has one representation: name a module"
                " that runs once, or give every use a module of its own, such as an nn.Identity behind it."
            )
    return {name: calls[0] for name, calls in seen.items() if len(calls) == 1}


@contextmanager
def hooked(
    modules: dict[str, nn.Module], after: dict[str, Callable[..., None]], before: dict[str, Callable[..., None]]
) -> Iterator[None]:
    """Hooks by path, called with a module, its arguments, its options and, after it ran, its output; removed at the end."""
    handles = [modules[path].register_forward_hook(hook, with_kwargs=True) for path, hook in after.items()]
    handles += [modules[path].register_forward_pre_hook(hook, with_kwargs=True) for path, hook in before.items()]
    # The fused kernels of nn.TransformerEncoder hide its parts and turn padded batches into nested tensors.
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for handle in handles:
            handle.remove()


def _key(tensor: torch.Tensor) -> tuple[int, int]:
    """What a tensor is now: an operation in place makes another of it."""
    return id(tensor), tensor._version
