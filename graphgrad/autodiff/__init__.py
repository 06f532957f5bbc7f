"""Floor 4: what is connected to what, decided on the graph, and the op that stands for a gradient."""
