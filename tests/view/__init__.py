"""Tests of graphgrad/view."""
