"""Let one tool that looks at no run make and measure its own cells and networks, for one seed."""

import argparse

from common.arguments import to_path, whole
from common.files import readable_errors, write_arrays, write_json, write_parquet
from common.memory import settle
from repdyn.toolkit import SELF_CONTAINED, load
from repdyn.training.devices import make_deterministic


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", choices=SELF_CONTAINED, required=True, help="a name in repdyn.toolkit.SELF_CONTAINED")
    parser.add_argument("--seed", type=whole(0), required=True)
    parser.add_argument("--out", type=to_path, required=True, help="folder; toolkit/<tool>.* is written there")
    arguments = parser.parse_args()
    make_deterministic()
    settle()
    table, maps = load(arguments.tool, "measure").measure(arguments.seed)
    table.insert(0, "experiment", arguments.tool)
    table.insert(1, "seed", arguments.seed)
    folder = arguments.out / "toolkit"
    write_parquet(folder / f"{arguments.tool}.parquet", table)
    write_arrays(folder / f"{arguments.tool}.safetensors", maps, {})
    write_json(arguments.out / "run.json", {"experiment": arguments.tool, "seed": arguments.seed, "roles": {}})


if __name__ == "__main__":
    with readable_errors():
        main()
