"""Train one run and measure every tracked layer; continue where a killed job stopped."""

import numpy as np

from common.arguments import to_path
from common.described import section, to_name
from common.files import readable_errors, write_json, write_parquet
from common.own import checksums
from common.progress import Progress
from common.provenance import Stopwatch, provenance
from common.run_setup import code_of_network, run_parser, run_settings, set_up
from common.unfinished import claim, discard, finish, resume, save, signature
from repdyn.errors import StudyError
from repdyn.training.devices import device_name
from repdyn.training.flags import at_chance, dead_layers, describe
from repdyn.training.loop import checkpoint_steps, train_steps
from repdyn.training.tracker import Tracker, evaluate, make_probe


def main():
    watch = Stopwatch()
    arguments = parse()
    lock = claim(arguments.out)
    device, data, recipe, model, optimizer, splits = set_up(arguments)
    tracking = arguments.tracking
    tokens = getattr(model, "tokens", None)
    probe = make_probe(*splits["probe"], model.chunk, tracking["token_limit"], tokens)
    tracker = Tracker(model, probe, tracking["spectrum_every"])
    grid = checkpoint_steps(recipe.steps, arguments.checkpoint_every)

    unfinished = arguments.out / "unfinished"
    given = {name: value for name, value in vars(arguments).items() if name not in ("data", "out")}
    settings = {**given, **run_settings(arguments, device)}
    own = code_of_network(arguments.architecture)
    start = resume(unfinished, signature(settings, arguments.data, own), model, optimizer, tracker)
    progress = Progress(f"{arguments.experiment} seed {arguments.seed}", recipe.steps, start)
    diverged_at = None
    for step, loss in train_steps(model, optimizer, *splits["train"], recipe, start):
        if not np.isfinite(loss):
            if step == 0:
                raise StudyError(f"{arguments.experiment}: the loss is {loss} before the first update; check its data")
            diverged_at = step
            break
        if step in grid and step > start or step == 0:
            save(unfinished, step, model, optimizer, tracker, tables=step % arguments.checkpoint_every == 0)
        if step % tracking["every"] == 0:
            tracker.measure(step, loss)
        progress.update(step, loss)

    trajectory, table = tracker.tables()
    test_loss, correct = evaluate(model, *splits["test"])
    examples = len(splits["test"][1])
    chance_level = bool(diverged_at is not None or at_chance(correct, examples, data.chance))
    dead = dead_layers(trajectory)
    facts = {
        "experiment": arguments.experiment,
        "architecture": arguments.architecture_name,
        "dataset": data.name,
        "seed": arguments.seed,
        "family": arguments.architecture["family"],
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "classes": len(data.classes),
        "chance": data.chance,
        "steps": recipe.steps,
        "last_step": int(table["step"].iloc[-1]),
        "diverged_at": diverged_at,
        "test_accuracy": correct / examples,
        "test_loss": test_loss,
        "test_examples": examples,
        "at_chance": chance_level,
        "layers": model.tracked,
        "roles": model.roles,
        "dead_layers": dead,
        "flags": describe(diverged_at, chance_level, dead, len(table)),
    }
    write_parquet(arguments.out / "trajectory.parquet", trajectory)
    write_parquet(arguments.out / "training.parquet", table)
    write_json(arguments.out / "run.json", facts)
    finish(unfinished, arguments.out)
    origin = {"own_code": checksums(own)} if own else {}
    origin |= {"device": device_name(device), "resumed_at_step": start or None}
    write_json(arguments.out / "provenance.json", provenance(settings, watch) | origin)
    discard(unfinished, lock)


def parse():
    parser = run_parser(__doc__)
    parser.add_argument("--architecture-name", type=to_name, required=True)
    parser.add_argument(
        "--tracking", type=section("tracking"), required=True, help="JSON: every, spectrum_every, token_limit"
    )
    parser.add_argument("--out", type=to_path, required=True, help="folder of the run")
    return parser.parse_args()


if __name__ == "__main__":
    with readable_errors():
        main()
