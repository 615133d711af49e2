"""Making the weights: data sets, LoRA training, metrics, evaluation. Never imports `ui`."""
