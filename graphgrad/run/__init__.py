"""Floor 6: the plan as a Python program, and the session that runs it."""
