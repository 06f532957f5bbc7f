"""Tests of graphgrad/platform."""
