"""The families of networks, known without building one: checks before any job starts must not load torch."""

# The kinds of data that each family can read.
ACCEPTS = {
    "mlp": ("image", "text", "vector"),
    "cnn": ("image",),
    "transformer": ("image", "text"),
    "module": ("image", "text", "vector"),  # a network of the user's own
}
FAMILIES = tuple(ACCEPTS)
