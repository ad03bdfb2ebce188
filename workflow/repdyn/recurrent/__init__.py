"""Recurrent networks and the tasks they are trained for, each with a solution that is known."""
