"""Tests of graphgrad/tf1."""
