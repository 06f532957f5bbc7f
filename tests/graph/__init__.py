"""Tests of graphgrad/graph."""
