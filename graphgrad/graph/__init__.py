"""Floor 1: the graph itself, operations and values as data; knows nothing of how they are recorded."""
