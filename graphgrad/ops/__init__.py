"""Floor 3: where values come from, and TF1's names as tables over torch callables."""
