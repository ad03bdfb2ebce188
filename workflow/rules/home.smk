"""Where this project lies, its library within reach of the rules and jobs, and its configuration read strictly."""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.sourcecache import LocalSourceFile


def checked_out(source):
    """The project's files as a folder, where a module names a Git repository: the code is imported and run from there."""
    repository = source.hosted_repo.repo_clone if hasattr(source, "hosted_repo") else source.repo_path
    commit = subprocess.run(
        ["git", "-C", repository, "rev-parse", f"{source.ref}^{{commit}}"], capture_output=True, text=True, check=True
    ).stdout.strip()
    folder = Path(".snakemake/repdyn", commit).absolute()
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made, tempfile.TemporaryFile() as packed:
            subprocess.run(["git", "-C", repository, "archive", "--format=tar", commit], stdout=packed, check=True)
            packed.seek(0)
            with tarfile.open(fileobj=packed) as archive:
                archive.extractall(f"{made}/files", filter="data")
            try:
                Path(made, "files").rename(folder)
            except OSError:
                # Another process was faster.
                if not folder.exists():
                    raise
    return folder


# Of this file, not of the workflow that may have included it as a module.
SOURCE = workflow.current_basedir
LOCAL = isinstance(SOURCE, LocalSourceFile)
HOME = Path(SOURCE.get_path_or_uri(secret_free=True)).parents[1] if LOCAL else checked_out(SOURCE)
sys.path.insert(0, str(HOME / "workflow"))

from dag.environment import prepare

prepare(HOME / "workflow")

from dag.numerals import require_decimals
from dag.reading import parse_yaml
from repdyn.datasets.originals import writable
from repdyn.errors import StudyError

if not writable(Path(".snakemake")):
    raise WorkflowError(
        f"{Path.cwd()} cannot be written to (read-only, or of another user), and Snakemake keeps its records there. Copy the"
        " project to a folder of your own, and run it there."
    )

# Snakemake says neither in which file nor in which line something is wrong, and keeps the last of two equal keys.
if Path.cwd() == HOME:
    for _file in ("config/config.yaml", *workflow.config_settings.configfiles):
        if Path(_file).is_file() and not str(_file).endswith(".json"):
            try:
                parse_yaml(_file)
                require_decimals(_file)
            except StudyError as error:
                raise WorkflowError(str(error))
