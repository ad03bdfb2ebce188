"""The callback of the Hugging Face Trainer in the Trainer itself."""

import numpy as np
import pytest
import torch

transformers = pytest.importorskip("transformers", reason="transformers is not installed")
pytest.importorskip("accelerate", reason="accelerate is not installed, without which transformers does not train")

from repdyn.callbacks.huggingface import TrackerCallback  # noqa: E402
from repdyn.errors import StudyError  # noqa: E402
from repdyn.tracking.tracker import Tracker  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


def classifier():
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=40, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=32, num_labels=3,
        max_position_embeddings=12,
    )  # fmt: skip
    return transformers.BertForSequenceClassification(config)


def texts(n, seed):
    tokens = torch.randint(1, 40, (n, 9), generator=torch.Generator().manual_seed(seed))
    mask = torch.ones_like(tokens)
    mask[: n // 3, 6:] = 0
    return {"input_ids": tokens, "attention_mask": mask}


class Texts(torch.utils.data.Dataset):
    def __init__(self, n=24):
        self.batch = texts(n, 0) | {"labels": torch.arange(n) % 3}

    def __len__(self):
        return len(self.batch["labels"])

    def __getitem__(self, i):
        return {name: values[i] for name, values in self.batch.items()}


def fitted(tmp_path, callbacks, **options):
    model = classifier()
    settings = transformers.TrainingArguments(
        output_dir=str(tmp_path), max_steps=7, per_device_train_batch_size=4, report_to=[], save_strategy="no", use_cpu=True,
        disable_tqdm=True, learning_rate=1e-2, logging_strategy="no", seed=1, **options,
    )  # fmt: skip
    transformers.Trainer(model=model, args=settings, train_dataset=Texts(), callbacks=callbacks).train()
    return model


def test_it_measures_before_updates_and_at_the_end_and_changes_nothing(tmp_path):
    probe = texts(20, 5)
    callback = TrackerCallback(probe, every=3)
    model, other = fitted(tmp_path, [callback]), fitted(tmp_path, [])
    table = callback.tracker.trajectory
    assert table["step"].drop_duplicates().tolist() == [0, 3, 6, 7]
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))
    assert callback.tracker.losses["probe_loss"].isna().all()
    # The last row of measurements is of the model as it is now; states of the encoder are what the model itself reports.
    states = model.eval()(**probe, output_hidden_states=True).hidden_states
    kept = probe["attention_mask"].bool()
    matrices = callback.tracker.representations()
    for number in (0, 1):
        name = f"bert.encoder.layer.{number}"
        torch.testing.assert_close(matrices[name], states[number + 1][kept].detach())
        rows = states[number + 1][kept].detach().double().numpy()
        variance = np.linalg.svd(rows - rows.mean(0), compute_uv=False) ** 2
        found = table.query("step == 7 and layer == @name")["participation_ratio"].item()
        assert found == pytest.approx(variance.sum() ** 2 / (variance**2).sum(), rel=1e-4)
    roles = callback.tracker.roles
    assert [roles[f"bert.encoder.layer.{i}"] for i in (0, 1)] == ["block", "block"]
    assert roles["bert.encoder.layer.0.attention"] == "attention" and roles["classifier"] == "output"
    assert not any(".self.query" in name for name in roles)


def test_a_named_layer_starts_as_the_model_was(tmp_path):
    probe = texts(20, 5)
    callback = TrackerCallback(lambda: probe, every=5, layers=["bert.encoder.layer.1"])
    fitted(tmp_path, [callback])
    alone = Tracker(classifier(), probe, ["bert.encoder.layer.1"])
    alone.measure(0)
    first = callback.tracker.trajectory.query("step == 0")
    np.testing.assert_allclose(first.iloc[:, 3:], alone.trajectory.iloc[:, 3:], rtol=1e-6)


def test_bad_input_is_refused(tmp_path):
    with pytest.raises(StudyError, match="every is 0"):
        TrackerCallback(texts(5, 0), every=0)
    with pytest.raises(StudyError, match="BertForSequenceClassification could not read the probe .a tensor .5, 4"):
        fitted(tmp_path, [TrackerCallback(torch.randn(5, 4))])
