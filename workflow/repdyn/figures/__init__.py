"""Figures: functions that take frames and return a matplotlib Figure; how they look is set in `style`."""
