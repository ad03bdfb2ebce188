"""Where a result came from: the only place where clock readings are kept."""

import hashlib
import json
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from common.cost import peak_memory

PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "torch", "snakemake")


class Stopwatch:
    """Wall and CPU seconds since it was made."""

    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def read(self) -> dict:
        return {
            "wall_seconds": round(time.perf_counter() - self.wall, 3),
            "cpu_seconds": round(time.process_time() - self.cpu, 3),
            "peak_memory_mb": round(peak_memory()),
        }


def provenance(settings: dict, watch: Stopwatch) -> dict:
    """Commit, digest of the settings, library versions and machine, with the readings of the stopwatch."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    return {
        **watch.read(),
        "commit": _commit(),
        "config_digest": digest[:16],
        "settings": settings,
        "versions": {package: version(package) for package in PACKAGES},
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "command": Path(sys.argv[0]).name,
    }


def _commit() -> str | None:
    folder = Path(__file__).parent
    try:
        head = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip()
