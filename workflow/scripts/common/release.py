"""How a process that runs networks layer by layer gives memory back."""

import ctypes

from common.memory import MMAP_THRESHOLD

# Bytes: what is larger is no part of the heap, and goes back to the system when it is freed.
LARGE = 2**22


def release() -> None:
    """Give large tensors back as soon as they are freed.

    After `memory.settle` all come from one heap, which falls into pieces where tensors of many sizes come and go: looking
    into a network with convolutions then holds 2.2 GB.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(MMAP_THRESHOLD, LARGE)
