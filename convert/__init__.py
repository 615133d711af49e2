"""From a trained adapter to the GGUF file that the app loads, and the proof that both say the same."""
