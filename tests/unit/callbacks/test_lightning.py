"""The callback of PyTorch Lightning in its own Trainer."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

pl = pytest.importorskip("lightning.pytorch", reason="lightning is not installed")

from repdyn.callbacks.lightning import TrackerCallback  # noqa: E402
from repdyn.errors import StudyError  # noqa: E402
from repdyn.tracking.tracker import Tracker  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


class Classifier(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.3), nn.Linear(12, 3))
        self.seen, self.states = [], {}

    def forward(self, x):
        return self.body(x)

    def training_step(self, batch, _):
        x, y = batch
        self.states[self.global_step] = {name: value.clone() for name, value in self.state_dict().items()}
        loss = nn.functional.cross_entropy(self(x), y)
        self.seen.append(loss.item())
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 1e-2)


def fitted(tmp_path, callbacks, **options):
    pl.seed_everything(3, verbose=False)
    generator = torch.Generator().manual_seed(0)
    data = TensorDataset(torch.randn(40, 6, generator=generator), torch.arange(40) % 3)
    model = Classifier()
    trainer = pl.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, default_root_dir=tmp_path, callbacks=callbacks, **options,
    )  # fmt: skip
    trainer.fit(model, DataLoader(data, batch_size=8, shuffle=True))
    return model


def test_it_measures_before_updates_and_at_the_end_and_changes_nothing(tmp_path):
    probe = torch.randn(30, 6, generator=torch.Generator().manual_seed(1))
    callback = TrackerCallback(probe, every=3)
    model, other = fitted(tmp_path, [callback]), fitted(tmp_path, [])
    table = callback.tracker.trajectory
    assert table["step"].drop_duplicates().tolist() == [0, 3, 6, 9, 10]
    assert callback.tracker.layers == ["body.2", "body.4"]
    losses = callback.tracker.losses["probe_loss"]
    np.testing.assert_allclose(losses[:4], [model.seen[step] for step in (0, 3, 6, 9)], rtol=1e-6)
    assert losses.isna().tolist() == [False] * 4 + [True]
    for name, value in model.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
    assert callback.tracker.statistics().summary["measurements"] == 5


def test_the_numbers_are_those_of_the_weights(tmp_path):
    probe = torch.randn(30, 6, generator=torch.Generator().manual_seed(1))
    callback = TrackerCallback(probe, every=4, layers=["body.0"])
    model = fitted(tmp_path, [callback])
    for step in (0, 4, 8):
        model.load_state_dict(model.states[step])
        alone = Tracker(model, probe, ["body.0"])
        alone.measure(step)
        found = callback.tracker.trajectory.query("step == @step").reset_index(drop=True)
        np.testing.assert_allclose(alone.trajectory.iloc[:, 3:], found.iloc[:, 3:], rtol=1e-6)


def test_steps_are_updates_where_gradients_are_accumulated(tmp_path):
    callback = TrackerCallback(torch.randn(30, 6), every=1)
    fitted(tmp_path, [callback], accumulate_grad_batches=2)
    assert callback.tracker.trajectory["step"].drop_duplicates().tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_bad_input_is_refused(tmp_path):
    with pytest.raises(StudyError, match="every is 0"):
        TrackerCallback(torch.randn(30, 6), every=0)
    with pytest.raises(StudyError, match="Classifier could not read the probe"):
        fitted(tmp_path, [TrackerCallback(torch.randn(30, 7))])
