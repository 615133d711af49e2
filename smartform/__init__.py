"""Smart Form: fill any form from what a person wrote or said, with a local language model."""

__version__ = "0.1.0"
