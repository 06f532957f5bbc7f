"""What TF1's operations compute where no single torch function does: functions of plain tensors, called in a run."""
