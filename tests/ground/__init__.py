"""Tests of graphgrad/ground."""
