"""Which rules may make a file, looked up by its name as well as by where it lies."""

from collections import defaultdict

from snakemake import dag
from snakemake.output_index import OutputIndex


class ByName(OutputIndex):
    """Snakemake compares a file with the ending of every output that begins as it does, for every input of every job.

    A job for all seeds of an experiment has hundreds of outputs that all begin with the folder of the runs, so the time to
    build the graph grew with the square of the seeds. The answers are the same.
    """

    def __init__(self, rules):
        self._named, self._others = defaultdict(list), []
        for rule in rules:
            for product in rule.products():
                prefix, suffix = str(product.constant_prefix()), str(product.constant_suffix())
                entry = (prefix, suffix, rule)
                if "/" in suffix:
                    self._named[suffix.rpartition("/")[2]].append(entry)
                else:
                    self._others.append(entry)

    def match(self, targetfile):
        candidates = [*self._named.get(targetfile.rpartition("/")[2], ()), *self._others]
        return {
            rule for prefix, suffix, rule in candidates if targetfile.startswith(prefix) and targetfile.endswith(suffix)
        }


def look_up_by_name() -> None:
    dag.OutputIndex = ByName
