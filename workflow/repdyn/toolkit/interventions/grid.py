"""At which sizes, values and doses units and directions are changed: what is measured, written about and drawn."""

import numpy as np

# Shares of a layer's units that are ablated together; the greedy set is compared at that of GREEDY_SHARE.
SHARES = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2)
GREEDY_SHARE = 2
# Units that share out what they are worth together: their sets, each of which costs a pass, are 2 to this power.
SHAPLEY_UNITS = 6
# Of a unit's values on training rows: what it is held at.
QUANTILES = np.linspace(0.05, 0.95, 5)
# Pushes, in units of the difference of the two classes' means; the table's other steering quantities are at 1.
DOSES = (0.25, 0.5, 1.0, 2.0, 4.0)
