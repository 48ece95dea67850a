"""The memory of the process that asks."""

import resource
import sys
from pathlib import Path


def peak_memory() -> int:
    """Return the most bytes of memory that this process had.

    On Linux, getrusage would also count the memory of the process that started this one.
    """
    if sys.platform == "linux":
        lines = Path("/proc/self/status").read_text().splitlines()
        (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
        return int(peak) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in bytes on macOS
