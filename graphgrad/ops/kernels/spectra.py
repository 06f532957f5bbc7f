"""Fourier transforms over one, two or three last axes, with TF1's lengths."""

from __future__ import annotations

from typing import Any

import torch

from ..sizes import ints


def fft(input: torch.Tensor, axes: int) -> torch.Tensor:
    """The Fourier transform over the last axes."""
    return torch.fft.fftn(input, dim=tuple(range(-axes, 0)))  # type: ignore[no-any-return]


def ifft(input: torch.Tensor, axes: int) -> torch.Tensor:
    """The numbers whose Fourier transform over the last axes this is."""
    return torch.fft.ifftn(input, dim=tuple(range(-axes, 0)))  # type: ignore[no-any-return]


def rfft(input_tensor: torch.Tensor, fft_length: Any, axes: int) -> torch.Tensor:
    """The Fourier transform of real numbers over the last axes: the half that is not redundant."""
    lengths = None if fft_length is None else ints(fft_length)
    return torch.fft.rfftn(input_tensor, lengths, tuple(range(-axes, 0)))  # type: ignore[no-any-return]


def irfft(input_tensor: torch.Tensor, fft_length: Any, axes: int) -> torch.Tensor:
    """The real numbers whose Fourier transform over the last axes has this half."""
    lengths = None if fft_length is None else ints(fft_length)
    return torch.fft.irfftn(input_tensor, lengths, tuple(range(-axes, 0)))  # type: ignore[no-any-return]
