"""Which parts of an input a network's output rests on, and how far such maps can be trusted."""
