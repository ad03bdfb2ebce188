"""Write the locks: requirements.txt (what requirements.in asks for, directly or not), cuda.txt, pip.txt, with hashes.

On Linux, with the pip of pip.txt. What is pinned keeps its version: delete a line of a lock to get the newest that fits.
pip resolves. Its report gives the file that it takes here, the index the other files of that release: the hashes are
those of the wheels for the Pythons and platforms below, and of the source where one of these has no wheel.

cuda.txt: what the index's torch requires on Linux beyond that. It only constrains: a CPU build of torch needs none of it.
"""

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from packaging.tags import compatible_tags, cpython_tags, mac_platforms
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version
from pip._internal.commands.install import InstallCommand
from pip._internal.index.collector import parse_links
from pip._internal.models.link import Link

HERE = Path(__file__).parent
PYTHONS = [(3, 11), (3, 12), (3, 13)]
GLIBC = ["manylinux1", "manylinux2010", "manylinux2014", *(f"manylinux_2_{minor}" for minor in range(5, 40))]
PLATFORMS = {
    "Linux, x86_64": [f"{policy}_x86_64" for policy in GLIBC],
    "Linux, aarch64": [f"{policy}_aarch64" for policy in GLIBC],
    "macOS, arm64": [*mac_platforms((15, 0), "arm64")],
}
WRITTEN = "# Written by envs/lock.py, which says how; not to be edited by hand but for deleting lines.\n"
Pins = dict[str, tuple[str, set[str]]]  # {package: its version, SHA-256 of its files}


def supported() -> dict[tuple[tuple[int, int], str], frozenset]:
    """{(Python, platform): the tags of the wheels that it takes}"""
    found = {}
    for python in PYTHONS:
        name = f"cp{python[0]}{python[1]}"
        for platform, names in PLATFORMS.items():
            tags = [*cpython_tags(python, [name], names), *compatible_tags(python, name, names)]
            found[python, platform] = frozenset(tags)
    return found


def resolve(*wanted: str) -> Pins:
    """What pip would install here into an empty environment, and the hash of the one file that it would take."""
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    report = json.loads(subprocess.run([*pip, *wanted], check=True, stdout=subprocess.PIPE, text=True).stdout)
    return {
        item["metadata"]["name"]: (
            Version(item["metadata"]["version"]).public,
            {item["download_info"]["archive_info"]["hashes"]["sha256"]},
        )
        for item in report["install"]
    }


def with_all_files(pins: Pins) -> Pins:
    """With the hashes of the other files of each release, from the indexes that pip is set up to use."""
    command = InstallCommand("install", "")
    options, _ = command.parse_args([])
    with command.main_context():
        # Of pip's own insides only what reads a page of an index: those pages list every file with its hash.
        collector = command._build_package_finder(options, command.get_default_session(options))._link_collector
        found = {}
        for name, (version, taken) in pins.items():
            pages = map(Link, collector.search_scope.get_index_urls_locations(name))
            links = [
                link for page in pages if (answer := collector.fetch_response(page)) for link in parse_links(answer)
            ]
            found[name] = version, taken | hashes({link.filename: link.hash for link in links}, Version(version))
    return found


def hashes(files: dict[str, str], version: Version) -> set[str]:
    """Those of a release's wheels for what is supported, and of its source where one of these has no wheel."""
    places = supported()
    wheels, sources, served = set(), set(), set()
    for name, digest in files.items():
        with suppress(InvalidWheelFilename, InvalidSdistFilename):  # old names of other releases
            if name.endswith(".whl"):
                _, built, _, tags = parse_wheel_filename(name)
                fits = {place for place, taken in places.items() if built == version and not tags.isdisjoint(taken)}
                wheels |= {digest} if fits else set()
                served |= fits
            elif parse_sdist_filename(name)[1] == version:
                sources.add(digest)
    return wheels if served == places.keys() else wheels | sources


def text(pins: Pins) -> str:
    entries = []
    for name, (version, digests) in sorted(pins.items(), key=lambda pin: pin[0].lower()):
        entries.append(" \\\n".join([f"{name}=={version}", *(f"    --hash=sha256:{each}" for each in sorted(digests))]))
    return "\n".join(entries) + "\n"


def pinned(name: str) -> list[str]:
    """The versions in a lock, without hashes."""
    path = HERE / name
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [line.removesuffix(" \\") for line in lines if "==" in line and not line.startswith("#")]


def main() -> None:
    """A constraint of a file would be read with its hashes: the versions alone go into one that is removed."""
    kept = HERE / "kept.part"
    try:
        kept.write_text("\n".join(pinned("requirements.txt") + pinned("cuda.txt")))
        wanted = resolve("--requirement", str(HERE / "requirements.in"), "--constraint", str(kept))
        # === is equal letter for letter: not the build for CPUs, which has a suffix.
        built = resolve(f"torch==={wanted['torch'][0]}", "--constraint", str(kept))
    finally:
        kept.unlink()
    cuda = {name: pin for name, pin in built.items() if name not in wanted}
    (HERE / "requirements.txt").write_text(WRITTEN + "-c cuda.txt\n" + text(with_all_files(wanted)), encoding="utf-8")
    (HERE / "cuda.txt").write_text(WRITTEN + text(with_all_files(cuda)), encoding="utf-8")
    pip = resolve(*(pinned("pip.txt") or ["pip"]))
    (HERE / "pip.txt").write_text(WRITTEN + text(with_all_files(pip)), encoding="utf-8")


if __name__ == "__main__":
    main()
