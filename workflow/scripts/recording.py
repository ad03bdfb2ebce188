"""Compare a recording with the layers of a network, trained and untrained, and with the stimuli themselves."""

import numpy as np
import torch

from common.arguments import to_path
from common.checkpoints import replayed
from common.files import readable_errors, write_parquet
from common.recordings import read_recording
from common.run_setup import Setup, run_parser, run_settings, set_up
from repdyn.activations.addresses import named
from repdyn.alignment.recording import Recording, table_of
from repdyn.errors import StudyError
from repdyn.measures.subject import Subject
from repdyn.roles import INPUT, state_layers
from repdyn.seeds import derive
from repdyn.training.loop import standardise

SHUFFLES = 20  # orders of the stimuli


def main():
    parser = run_parser(__doc__)
    parser.add_argument("--run", type=to_path, required=True, help="folder of the run")
    parser.add_argument("--name", required=True, help="of the recording")
    parser.add_argument("--recording", type=to_path, required=True, help="a .npz, a .nwb, or a folder in BIDS")
    parser.add_argument("--stimuli", type=to_path, help="a .npz with names and stimuli, if the recording holds none")
    parser.add_argument("--out", type=to_path, required=True, help="the table, .parquet")
    arguments = parser.parse_args()
    recording = read_recording(arguments.recording, arguments.stimuli)
    setup = set_up(arguments)
    rng = np.random.default_rng(derive(*setup.recipe.key, "recording", arguments.name))
    table = table_of(features_of(arguments, setup, recording), recording, rng, SHUFFLES)
    table.insert(0, "recording", arguments.name)
    table.insert(1, "experiment", arguments.experiment)
    table.insert(2, "seed", arguments.seed)
    write_parquet(arguments.out, table)


def features_of(arguments, setup: Setup, recording: Recording) -> dict[str, np.ndarray]:
    """{"input", "layer" and "layer, untrained" of each hidden layer or block: (stimuli, d)}."""
    steps = (0, setup.recipe.steps)
    states = replayed(arguments.run, setup, steps, run_settings(arguments, setup.device))
    inputs = as_read(recording.stimuli, setup, str(arguments.recording))
    labels = torch.zeros(len(inputs), dtype=torch.int64)
    subject = Subject(setup.model.cpu(), states, inputs, labels, len(setup.data.classes), setup.recipe.key)
    found = {INPUT: inputs.flatten(1).double().numpy()}
    for step, suffix in zip(steps[::-1], ("", ", untrained"), strict=True):
        examples = subject.examples(step)
        found |= {f"{named(layer)}{suffix}": examples[layer] for layer in state_layers(subject.roles)}
    return found


def as_read(stimuli: np.ndarray, setup: Setup, where: str) -> torch.Tensor:
    """Stimuli as the network reads its own data: standardised alike. StudyError for another shape, and for texts."""
    training = torch.from_numpy(setup.data.inputs["train"])
    if setup.data.kind == "text":
        raise StudyError(
            f"{where}: the network reads texts; recordings are compared with networks for images and vectors"
        )
    if stimuli.shape[1:] != tuple(training.shape[1:]):
        raise StudyError(
            f"{where}: stimuli have shape {stimuli.shape[1:]}, the network of {setup.data.name} reads"
            f" {tuple(training.shape[1:])}; name an experiment that reads such stimuli"
        )
    if stimuli.dtype.kind not in "biuf" or not np.isfinite(stimuli).all():
        raise StudyError(f"{where}: stimuli must be finite numbers")
    return standardise({"train": training, "stimuli": torch.from_numpy(stimuli.astype(np.float32))})["stimuli"]


if __name__ == "__main__":
    with readable_errors():
        main()
