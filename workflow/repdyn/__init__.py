"""How the representations of a neural network change while it learns: functions on arrays, modules and frames."""
