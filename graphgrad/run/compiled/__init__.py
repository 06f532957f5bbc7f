"""Compiled runs: the emitted program traced into one flat graph, which needs no autograd."""
