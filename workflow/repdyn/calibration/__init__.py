"""Calibration: every method of the toolkit on a system whose answer is known, and on one in which there is nothing to find.

A trial is a function of a generator, in the file of its room; `registry.METHODS` lists all, `table.calibrate` runs them.
"""
