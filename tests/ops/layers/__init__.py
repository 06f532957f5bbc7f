"""Tests of graphgrad/ops/layers."""
