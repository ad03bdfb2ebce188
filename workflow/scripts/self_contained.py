"""Let the tools that look at no run make and measure their own cells, networks and models, for one seed."""

import argparse

from common.arguments import to_path, whole
from common.files import readable_errors, write_arrays, write_json, write_parquet
from common.memory import settle
from repdyn.toolkit import SELF_CONTAINED, load
from repdyn.training.devices import make_deterministic


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=whole(0), required=True)
    parser.add_argument("--out", type=to_path, required=True, help="folder; <tool>/seed<seed> is written there")
    arguments = parser.parse_args()
    make_deterministic()
    settle()
    for tool in SELF_CONTAINED:
        table, maps = load(tool, "measure").measure(arguments.seed)
        table.insert(0, "experiment", tool)
        table.insert(1, "seed", arguments.seed)
        folder = arguments.out / tool / f"seed{arguments.seed}"
        write_parquet(folder / f"toolkit/{tool}.parquet", table)
        write_arrays(folder / f"toolkit/{tool}.safetensors", maps, {})
        write_json(folder / "run.json", {"experiment": tool, "seed": arguments.seed, "roles": {}})


if __name__ == "__main__":
    with readable_errors():
        main()
