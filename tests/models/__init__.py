"""Layers and whole models, written for eager PyTorch, recorded and trained beside it."""
