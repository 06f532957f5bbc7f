"""TF1 graph code run by TensorFlow and by graphgrad: the same numbers, the same Nones, the same kinds of error."""
