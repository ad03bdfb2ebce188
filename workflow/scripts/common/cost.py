"""What a job cost, said on the last line of its log. Every step prints it, so an edit here reruns the whole study."""

import resource
import sys
import time

COST = "took {cpu:.2f} CPU seconds, at most {memory:.0f} MB"


def print_cost() -> None:
    """CPU seconds of this process since it started, and the most memory it held."""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(COST.format(cpu=time.process_time(), memory=memory), file=sys.stderr)
