"""Beside the script."""
