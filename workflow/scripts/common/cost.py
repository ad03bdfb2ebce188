"""What a job cost, said on the last line of its log. Every step prints it, so an edit here reruns the whole study."""

import resource
import sys
import time
import zlib
from pathlib import Path

COST = "took {cpu:.2f} CPU seconds, at most {memory:.0f} MB"
CHECKED = "{cost} (checksum {checksum:08x})"


def print_cost() -> None:
    """CPU seconds of this process since it started, and the most memory it held."""
    cost = COST.format(cpu=time.process_time(), memory=peak_memory())
    print(CHECKED.format(cost=cost, checksum=zlib.crc32(cost.encode())), file=sys.stderr)


def peak_memory() -> float:
    """The most memory that this process held, MB. Linux counts in `ru_maxrss` that of the process which started it, too."""
    status = Path("/proc/self/status")
    if status.is_file():
        held = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        if held:
            return int(held[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
