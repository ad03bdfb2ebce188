"""The accuracy on the probe set while runs learn."""

from repdyn.figures.learning import learning_curves


def draw(study):
    training = study.of_runs("training.parquet", ["step", "probe_loss", "probe_accuracy"])
    return learning_curves(training, study.tables["experiments"], "accuracy")
