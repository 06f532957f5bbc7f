"""Tests of graphgrad/run."""
