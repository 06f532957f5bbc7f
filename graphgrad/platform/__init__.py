"""Floor 0: what TF1 scripts need around the graph: flags, logging, files, configurations."""
