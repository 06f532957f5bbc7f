"""`gg.spectral` and `gg.signal`: TF1's Fourier transforms; a line per name."""

from __future__ import annotations

from .kernels import spectra
from .table import row

_REAL = "input_tensor:t fft_length:s=None"

fft = row("fft", spectra.fft, "input:t", fixed=(1,))
fft2d = row("fft2d", spectra.fft, "input:t", fixed=(2,))
fft3d = row("fft3d", spectra.fft, "input:t", fixed=(3,))
ifft = row("ifft", spectra.ifft, "input:t", fixed=(1,))
ifft2d = row("ifft2d", spectra.ifft, "input:t", fixed=(2,))
ifft3d = row("ifft3d", spectra.ifft, "input:t", fixed=(3,))
irfft = row("spectral.irfft", spectra.irfft, _REAL, fixed=(1,))
irfft2d = row("spectral.irfft2d", spectra.irfft, _REAL, fixed=(2,))
irfft3d = row("spectral.irfft3d", spectra.irfft, _REAL, fixed=(3,))
rfft = row("spectral.rfft", spectra.rfft, _REAL, fixed=(1,))
rfft2d = row("spectral.rfft2d", spectra.rfft, _REAL, fixed=(2,))
rfft3d = row("spectral.rfft3d", spectra.rfft, _REAL, fixed=(3,))

__all__ = [
    "fft", "fft2d", "fft3d", "ifft", "ifft2d", "ifft3d", "irfft", "irfft2d", "irfft3d", "rfft", "rfft2d", "rfft3d",
]  # fmt: skip
