"""Tests of graphgrad/contrib."""
