"""Reading and replacing activations of any torch module: the one way in which every part of the library does it."""
