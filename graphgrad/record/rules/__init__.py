"""What common torch calls give on tensors without memory, without torch's own Python kernels for them."""
