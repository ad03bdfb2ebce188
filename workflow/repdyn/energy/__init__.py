"""Energy: landscapes of samples, lowest paths over them, the production of entropy, and the work of a driven process.

Energies are in units of the temperature, E = -ln p; entropies in nats.
"""
