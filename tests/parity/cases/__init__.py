"""The cases, a module for each family; each is TF1 graph code that knows neither library."""
