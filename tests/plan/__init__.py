"""Tests of graphgrad/plan."""
