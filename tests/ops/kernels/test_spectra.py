"""Fourier transforms against numpy's."""

import numpy as np

from tests.ops.cases import (  # noqa: F401
    Case,
    test_at_once,
    test_its_gradients,
    test_with_known_sizes,
    test_with_unknown_sizes,
)

Z = np.exp(1j * np.arange(24.0)).reshape(2, 3, 4)
X = np.cos(np.arange(24.0) ** 1.3).reshape(2, 3, 4)


CASES = {
    "fft": Case(lambda tf, z: tf.fft(z), (Z,), np.fft.fft),
    "fft2d": Case(lambda tf, z: tf.fft2d(z), (Z,), np.fft.fft2),
    "fft3d": Case(lambda tf, z: tf.fft3d(z), (Z,), np.fft.fftn),
    "ifft": Case(lambda tf, z: tf.ifft(z), (Z,), np.fft.ifft),
    "ifft2d": Case(lambda tf, z: tf.ifft2d(z), (Z,), np.fft.ifft2),
    "ifft3d": Case(lambda tf, z: tf.ifft3d(z), (Z,), np.fft.ifftn),
    "spectral.rfft": Case(lambda tf, x: tf.spectral.rfft(x), (X,), np.fft.rfft),
    "spectral.rfft of a length": Case(lambda tf, x: tf.spectral.rfft(x, [6]), (X,), lambda x: np.fft.rfft(x, 6)),
    "spectral.rfft2d": Case(lambda tf, x: tf.spectral.rfft2d(x), (X,), np.fft.rfft2),
    "spectral.rfft3d": Case(lambda tf, x: tf.spectral.rfft3d(x), (X,), np.fft.rfftn),
    "spectral.irfft": Case(lambda tf, z: tf.spectral.irfft(z, [5]), (Z,), lambda z: np.fft.irfft(z, 5)),
    "spectral.irfft2d": Case(lambda tf, x: tf.spectral.irfft2d(tf.spectral.rfft2d(x)), (X,), lambda x: x),
    "spectral.irfft3d": Case(lambda tf, x: tf.spectral.irfft3d(tf.spectral.rfft3d(x)), (X,), lambda x: x),
}
