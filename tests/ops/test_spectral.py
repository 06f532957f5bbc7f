"""The names of gg.spectral; their values are tested with their kernels."""

import numpy as np

import graphgrad as gg


def test_the_older_names_are_the_same_functions():
    for name in ("fft", "fft2d", "fft3d", "ifft", "ifft2d", "ifft3d"):
        assert getattr(gg, name) is getattr(gg.spectral, name) is getattr(gg.signal, name)


def test_a_transform_and_back(run):
    x = np.cos(np.arange(10.0))
    np.testing.assert_allclose(run(gg.spectral.irfft(gg.spectral.rfft(gg.constant(x)), [10])), x)
    assert gg.fft(gg.constant(x + 0j), name="waves").name == "waves:0"
