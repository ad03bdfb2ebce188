"""Series, pictures and graphs without a scale of their own: exponents, their nulls, and generators whose exponents are known."""
