"""Small models whose solution is known, on which methods show what they see: superposition, double descent, grokking."""
