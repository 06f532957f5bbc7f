"""Floor 2: a torch call becomes an operation; knows shapes and derivatives, never data."""
