"""Floor 0: what every floor may know, errors and the facts of a tensor before it has data."""
