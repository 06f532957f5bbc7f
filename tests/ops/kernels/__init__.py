"""Tests of graphgrad/ops."""
