"""Tests of graphgrad/train."""
