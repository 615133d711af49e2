"""Studies of how small models learn to extract: a script each, its page beside it, an index in README.md."""
