"""The tasks of organisms by name."""

from collections.abc import Callable
from functools import partial

from repdyn.errors import StudyError
from repdyn.organisms.grokking import addition
from repdyn.organisms.induction import induction
from repdyn.organisms.superposition import features
from repdyn.organisms.tasks import Task

# {name: key of a run -> its task}.
TASKS: dict[str, Callable[[tuple], Task]] = {
    "addition": addition,
    "addition_shuffled": partial(addition, shuffled=True),
    "induction": induction,
    "induction_fixed": partial(induction, fixed=True),
    "features_dense": partial(features, sparsity=0.0),
    "features_half_sparse": partial(features, sparsity=0.7),
    "features_sparse": partial(features, sparsity=0.9),
}


def task_of(name: str, key: tuple) -> Task:
    """The task of that name for the run of that key. StudyError if there is none."""
    if name not in TASKS:
        raise StudyError(f"task {name!r} is not known; one of {', '.join(TASKS)} is needed")
    return TASKS[name](key)
