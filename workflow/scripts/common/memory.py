"""How a process keeps its memory: what a step that trains or runs networks for minutes need not do again and again."""

import ctypes
import gc

# Of glibc's malloc.h, for mallopt.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
# Bytes: allocations below the first come from the heap; the heap is given back only above the second.
LARGEST, SLACK = 2**28, 2**29


def settle() -> None:
    """Keep freed memory for the next tensor, and leave what is loaded by now out of garbage collection.

    glibc hands tensors of some hundred kilobytes back to the system when they are freed, and every new one costs page
    faults: a tenth of the probe's forward pass and a sixth of a spectrum's time. Python walks the objects of all imported
    modules again and again: another twentieth. Other C libraries have no mallopt, and are left as they are.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(MMAP_THRESHOLD, LARGEST)
        library.mallopt(TRIM_THRESHOLD, SLACK)
    gc.freeze()
