"""Look into one model organism at every checkpoint, with all tools for its task; of the others the tables are empty."""

import argparse

from common.arguments import to_path
from common.files import readable_errors
from common.memory import settle
from common.organism import add_arguments, set_up, settings_of
from common.task_runs import read_states, write_findings
from repdyn.organisms.subject import OrganismSubject
from repdyn.toolkit import ORGANISMS
from repdyn.training.devices import make_deterministic


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument(
        "--run", type=to_path, required=True, help="folder of the run; toolkit/<tool>.* is written there"
    )
    arguments = parser.parse_args()
    make_deterministic()
    settle()
    task, recipe, network, _ = set_up(arguments)
    states = read_states(arguments.run, settings_of(arguments), network, task, task.held_out)
    run = OrganismSubject(network, states, task, arguments.row["task"], recipe.key)
    write_findings(arguments.run, ORGANISMS, arguments.row["task"], run)


if __name__ == "__main__":
    with readable_errors():
        main()
