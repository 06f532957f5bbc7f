"""Tests of graphgrad/autodiff."""
