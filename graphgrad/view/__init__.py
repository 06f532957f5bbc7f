"""A room above the floors: the gradient graph as data, as a picture and as a page."""
