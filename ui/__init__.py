"""The screen: Gradio layout around the product. Importing it builds nothing."""
