"""Dynamical systems, given as a map, a vector field or a series: exponents, fixed points, basins, modes, time scales.

A map is a torch function from states (n, d) to the next states (n, d), row by row: the cell of any recurrent network, its
input held. A vector field is a torch function from states to their rates of change, made a map by `maps.runge_kutta`.
States and results are float64 arrays. A map that is not square or leaves the finite numbers raises StudyError.
"""
