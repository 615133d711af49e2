"""Side-by-side measurements of the product against what one would use instead."""
