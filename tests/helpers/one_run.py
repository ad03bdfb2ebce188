"""A study of one run, which a process of its own makes while other tests run."""

import subprocess

from helpers.project import Project

SHEET = "experiment\tarchitecture\tdataset\nmlp_narrow-digits\tmlp_narrow\tdigits\n"
OVERLAY = """
experiments: sheet.tsv
results: results/one
training: {steps: 20}
tracking: {every: 1, spectrum_every: 10}
checkpoints: {every: 10}
phase1: {window: 4, surrogates: 99}
phase2: {grid: [0, 0.05, 0.5, 1], window: 2}
validity: {draws: 1}
"""
CONFIG = ("overlay.yaml",)


class OneRun:
    """Snakemake at work in a copy of the project; stopped where the tests end before it."""

    def __init__(self, project: Project, cores: int):
        self.project = project
        self.cores = cores

    def __enter__(self) -> "OneRun":
        folder = self.project.folder
        (folder / "sheet.tsv").write_text(SHEET)
        (folder / "overlay.yaml").write_text(OVERLAY)
        self.said = (folder / "said.txt").open("w+")
        arguments = ("-m", "snakemake", "--cores", str(self.cores), "--configfile", *CONFIG)
        self.process = self.project.start(*arguments, stdout=self.said, stderr=subprocess.STDOUT)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        self.said.close()

    def results(self):
        """The folder of its results, once they are whole."""
        returned = self.process.wait()
        self.said.seek(0)
        assert returned == 0, self.said.read()
        return self.project.folder / "results/one"
