"""Series, pictures and graphs without a scale of their own: exponents, nulls, and generators of known exponents."""
