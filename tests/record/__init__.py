"""Tests of graphgrad/record."""
