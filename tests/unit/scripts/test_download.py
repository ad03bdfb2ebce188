"""Original files arrive whole and verified, however the connection behaves, or the reason is one sentence."""

import hashlib
import http.server
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

import download
from download import Unavailable, obtain
from helpers.project import ROOT
from repdyn.datasets import idx
from repdyn.datasets.originals import stored, writable
from repdyn.errors import StudyError

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PART = ".file.gz.part"


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT under /<behaviour>/file.gz and notes what was asked."""

    def do_GET(self):
        server, behaviour = self.server, self.path.split("/")[1]
        asked = self.headers.get("Range")
        server.requests.append((behaviour, asked))
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and behaviour != "no-ranges" else 0
        body = {"wrong": b"<html>log in</html>" * 50, "changed": CONTENT[:-1] + b"?"}.get(behaviour, CONTENT)
        if behaviour == "gone" or start >= len(body):
            self.send_error(404 if behaviour == "gone" else 416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        step = {"cut": 100_000, "dead": 0, "no-ranges": 100_000}.get(behaviour, len(body))
        self.wfile.write(body[start : start + step])

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("address", ["no address", "http://[", "htp:/x", "://", "http://a b/"])
def test_what_is_no_address_is_said_to_be_none(tmp_path, address):
    with pytest.raises(Unavailable, match="is no address|no connection|nknown url") as raised:
        obtain(tmp_path / "file.gz", SHA256, [address])
    assert "SHA-256" not in str(raised.value) and address in str(raised.value)


def test_no_link_is_followed_in_the_place_of_what_has_arrived(tmp_path, server):
    (tmp_path / "other").write_text("of somebody else")
    (tmp_path / PART).symlink_to(tmp_path / "other")
    with pytest.raises(StudyError, match="is a symbolic link"):
        obtain(tmp_path / "file.gz", SHA256, [f"{server.base}/whole/file.gz"])
    assert (tmp_path / "other").read_text() == "of somebody else"


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.requests = []
        running.base = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mnist/file.gz"


def asked(server):
    return [(behaviour, held and int(held[6:-1])) for behaviour, held in server.requests]


def get(server, path, *behaviours):
    return obtain(path, SHA256, [f"{server.base}/{behaviour}/file.gz" for behaviour in behaviours])


def names(path):
    return sorted(file.name for file in path.parent.iterdir())


def test_a_file_arrives_whole_and_alone(server, path):
    assert get(server, path, "good") == f"{server.base}/good/file.gz"
    assert path.read_bytes() == CONTENT and names(path) == ["file.gz"]


def test_a_cut_connection_is_continued_where_it_broke(server, path):
    get(server, path, "cut")
    assert path.read_bytes() == CONTENT and names(path) == ["file.gz"]
    assert asked(server) == [("cut", None), ("cut", 100_000), ("cut", 200_000)]


def test_a_download_of_an_earlier_run_is_continued(server, path):
    path.parent.mkdir()
    (path.parent / PART).write_bytes(CONTENT[:1234])
    get(server, path, "good")
    assert path.read_bytes() == CONTENT and asked(server) == [("good", 1234)]


def test_what_came_whole_but_was_not_put_in_place_is_not_fetched_again(server, path):
    path.parent.mkdir()
    (path.parent / PART).write_bytes(CONTENT)
    get(server, path, "good")
    assert path.read_bytes() == CONTENT and asked(server) == [("good", len(CONTENT))]


@pytest.mark.parametrize("rubbish", [b"?" * 5000, CONTENT + b"?"])
def test_a_wrong_beginning_is_thrown_away_and_fetched_again(server, path, rubbish):
    path.parent.mkdir()
    (path.parent / PART).write_bytes(rubbish)
    get(server, path, "good")
    assert path.read_bytes() == CONTENT and asked(server) == [("good", len(rubbish)), ("good", None)]


def test_a_server_that_cannot_continue_sends_all_of_it(server, path):
    path.parent.mkdir()
    (path.parent / PART).write_bytes(CONTENT[:1234])
    with pytest.raises(Unavailable, match=r"the connection ended after 100,000 of 256,000 bytes"):
        get(server, path, "no-ranges")
    assert (path.parent / PART).read_bytes() == CONTENT[:100_000]


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        ("gone", "the server answers 404 Not Found"),
        ("wrong", "what came is not the original file (its SHA-256 is another)"),
        ("changed", "what came is not the original file (its SHA-256 is another)"),
        ("dead", "the connection ended after 0 of 256,000 bytes"),
    ],
)
def test_the_next_mirror_takes_over(server, path, capsys, first, reason):
    assert get(server, path, first, "good") == f"{server.base}/good/file.gz"
    assert path.read_bytes() == CONTENT and names(path) == ["file.gz"]
    assert capsys.readouterr().out == f"{server.base}/{first}/file.gz: {reason}\n"


def test_a_file_address_serves_as_mirror(path, tmp_path):
    (tmp_path / "file.gz").write_bytes(CONTENT)
    obtain(path, SHA256, [(tmp_path / "file.gz").as_uri()])
    assert path.read_bytes() == CONTENT


def test_changed_bytes_are_refused_and_leave_nothing(server, path):
    with pytest.raises(Unavailable, match="SHA-256"):
        get(server, path, "changed", "wrong")
    assert names(path) == []


def step(tmp_path, *arguments):
    sources = {"mnist": {"mirrors": ["http://nowhere.invalid/a", "http://127.0.0.1:9/b"], "files": {"file.gz": SHA256}}}
    (tmp_path / "downloads.yaml").write_text(yaml.safe_dump(sources))
    command = [sys.executable, str(ROOT / "workflow/scripts/download.py"), "--sources", tmp_path / "downloads.yaml"]
    command += ["--out", tmp_path / "mnist/file.gz", "--sheet", "sheet.tsv", "--experiments", "15", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_without_a_network_one_paragraph_says_what_else_can_be_done(tmp_path):
    done = step(tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    message = done.stderr.strip()
    assert "\n" not in message and message.startswith("Error: mnist/file.gz could not be downloaded (http://nowhere")
    for part in (
        "http://127.0.0.1:9/b/file.gz: no connection", f"place them in {tmp_path / 'mnist'} by hand", "data_dir=",
        "mirror=", "leave out the 15 experiments that read mnist", "awk -F'\\t' '$3 != \"mnist\"' sheet.tsv",
    ):  # fmt: skip
        assert part in message
    assert not list((tmp_path / "mnist").iterdir())


def test_a_mirror_is_used_instead_of_the_listed_ones(server, tmp_path):
    done = step(tmp_path, f"--mirror={server.base}/good/")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mnist/file.gz").read_bytes() == CONTENT
    assert "mnist/file.gz: 100%" in done.stderr
    assert server.requests == [("good", None)] and "/good/mnist/file.gz" in done.stdout


def test_the_advice_to_leave_a_dataset_out_works(tmp_path):
    message = step(tmp_path).stderr
    (tmp_path / "sheet.tsv").write_text(
        "# a\texperiment\nexperiment\tarchitecture\tdataset\na\tb\tmnist\nc\td\tqmnist\n"
    )
    command = message[message.index("awk") : message.index(", and add")]
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    lines = (tmp_path / "without_mnist.tsv").read_text().splitlines()
    assert lines == ["# a\texperiment", "experiment\tarchitecture\tdataset", "c\td\tqmnist"]


def test_the_listed_files_are_those_that_the_loaders_read():
    listed = yaml.safe_load((ROOT / "config/downloads.yaml").read_text())
    read = {name: {f"{file}.gz" for pair in files.values() for file in pair} for name, files in idx.FILES.items()}
    read["ag_news"] = {"train.csv", "test.csv"}
    assert {name: set(entry["files"]) for name, entry in listed.items()} == read
    sums = [sha256 for entry in listed.values() for sha256 in entry["files"].values()]
    assert len(set(sums)) == len(sums) == 14


def test_a_file_counts_as_stored_zipped_or_not(tmp_path):
    assert stored(tmp_path, "a.gz") is None
    (tmp_path / "a").touch()
    assert stored(tmp_path, "a.gz") == tmp_path / "a"
    (tmp_path / "a.gz").touch()
    assert stored(tmp_path, "a.gz") == tmp_path / "a.gz"


def test_a_folder_that_does_not_exist_is_as_writable_as_its_nearest_parent(tmp_path):
    assert writable(tmp_path / "new/newer")
    (tmp_path / "file").touch()
    assert not writable(tmp_path / "file/new")


def test_a_full_disk_is_not_taken_for_a_bad_connection(server, path, monkeypatch):
    monkeypatch.setattr(download, "CHUNK", 1 << 30)
    path.parent.mkdir()
    monkeypatch.setattr(Path, "open", lambda _path, mode: open("/dev/full", mode))  # noqa: PTH123, SIM115
    with pytest.raises(OSError, match="No space left"):
        get(server, path, "good")
