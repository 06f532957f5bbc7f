"""Floor 5: what a run does, in which order, as data; no tensor here."""
