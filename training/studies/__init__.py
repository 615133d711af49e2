"""Studies: how small models learn to extract, each repeatable with one command."""
