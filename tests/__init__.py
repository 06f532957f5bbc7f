"""The tests mirror graphgrad/ one to one; tests/house/ holds the house rules."""
