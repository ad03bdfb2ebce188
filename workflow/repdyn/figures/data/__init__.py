"""What figures of the whole study draw, as small tables: everything that needs all runs, so that a figure does not."""
