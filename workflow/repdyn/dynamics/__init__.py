"""How networks change while they learn: drift, dimension over training, emergence, phases, paths of weights."""
