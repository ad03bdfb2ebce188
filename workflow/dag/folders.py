"""The folders that a study writes to and reads from: none of the project's own, and none that a command could mistake."""

from pathlib import Path

from dag.sheet import shown
from repdyn.errors import StudyError

# Keys of the configuration that name files and folders.
PATHS = ("experiments", "architectures", "datasets", "results", "data_dir", "downloads", "published_logs")
# Folders of the project whose files would be mixed with results or overwritten.
OWN = ("config", "workflow", "envs", "profiles", ".git", ".snakemake")


def check_folders(config: dict) -> None:
    """Raise StudyError for a path that cannot be one everywhere, and for results that would lie among other things."""
    for key in PATHS:
        if not usable(config[key]):
            raise StudyError(
                f"key {key!r} is {shown(config[key])}; a path is needed that does not start with '-' or '~', holds no '{{',"
                " '}}' or characters that are not printed, and is at most 1000 characters long, each name in it 255 bytes"
            )
    for key in ("results", "data_dir"):
        if file := next((folder for folder in Path(config[key]).resolve().parents if folder.is_file()), None):
            raise StudyError(f"key {key!r} is {shown(config[key])}; {file} is a file, and no folder can lie below it")
    if Path(config["data_dir"]).is_file():
        raise StudyError(f"key 'data_dir' is {shown(config['data_dir'])}; a folder is needed: it is a file")
    results, here = Path(config["results"]).resolve(), Path.cwd().resolve()
    if results in (here, *here.parents) or results == Path.home().resolve():
        taken = "everything else lies there too"
    elif own := [folder for folder in OWN if results.is_relative_to(here / folder)]:
        taken = f"{own[0]} holds files of the project"
    elif results == Path(config["data_dir"]).resolve():
        taken = "data_dir is the same"
    elif results.exists() and not results.is_dir():
        taken = "it is a file"
    else:
        return
    raise StudyError(f"key 'results' is {shown(config['results'])}; a folder of its own is needed: {taken}")


def usable(path: str) -> bool:
    """Whether a path can be an argument of a command, a path of Snakemake's, and one of the file system."""
    short = len(path) <= 1000 and all(len(name.encode(errors="surrogateescape")) <= 255 for name in path.split("/"))
    return bool(path.strip()) and short and path[0] not in "-~" and path.isprintable() and not {*path} & {"{", "}"}
