"""What is changed in trainings that are repeated; without torch, for the figure."""

SHARES = (0.1, 0.3, 0.5, 0.7)  # of the features, removed before retraining
WINDOWS = ((0, 0.1), (0.1, 0.2), (0.2, 0.4), (0.6, 0.8), (0.8, 1))  # of the training, with a deficit
