"""Where a network is trained, with settings under which the same run gives the same bits there every time."""

import os

import torch

from repdyn.errors import StudyError


def choose_device(wanted: str) -> torch.device:
    """The device that "cpu", "cuda" or "auto" (a GPU if torch sees one) stands for. StudyError for "cuda" without a GPU."""
    if wanted not in ("auto", "cpu", "cuda"):
        raise StudyError(f"device is {wanted!r}; one of auto, cpu, cuda is needed")
    visible = wanted != "cpu" and torch.cuda.is_available()
    if wanted == "cuda" and not visible:
        raise StudyError(
            f"device is cuda, and torch {torch.__version__} sees no GPU on this machine; device: cpu trains without one"
        )
    return torch.device("cuda" if visible else "cpu")


def make_deterministic() -> None:
    """One thread on the CPU; on a GPU only kernels that repeat to the bit, in full float32. To be called before CUDA starts.

    The workspace setting is the one that cuBLAS documents for results that repeat.
    """
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    torch.set_num_threads(1)
    # torch.use_deterministic_algorithms(True) sets the same and imports torch's compiler: as much CPU time as torch itself.
    torch.set_deterministic_debug_mode("error")
    # That also writes NaN into all new memory, to show reads of what was never written; it takes a tenth of a training step.
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False


def device_name(device: torch.device) -> str:
    """ "cpu", or the model of the GPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def seed_draws(device: torch.device, seed: int) -> None:
    """Seed the generator from which operations on this device draw."""
    if device.type == "cuda":
        torch.cuda.default_generators[device.index].manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)
