"""Names of gg.image, and images of unknown sizes."""

import numpy as np
import pytest

import graphgrad as gg


def test_the_methods_have_tf1s_numbers():
    method = gg.image.ResizeMethod
    assert [method.BILINEAR, method.NEAREST_NEIGHBOR, method.BICUBIC, method.AREA] == [0, 1, 2, 3]


def test_other_names_of_a_function():
    assert gg.image.resize_with_crop_or_pad is gg.image.resize_image_with_crop_or_pad
    assert gg.image.transpose is gg.image.transpose_image and gg.image.random_crop is gg.random_crop


@pytest.mark.parametrize("name", ["flip_left_right", "rot90", "per_image_standardization", "rgb_to_grayscale"])
def test_images_of_unknown_sizes(run, name):
    x = gg.placeholder(gg.float32, [None, None, None, 3])
    data = np.random.default_rng(0).random((2, 4, 5, 3)).astype(np.float32)
    fed = run(getattr(gg.image, name)(x), {x: data})
    np.testing.assert_allclose(fed, run(getattr(gg.image, name)(gg.constant(data))), rtol=1e-5, atol=1e-6)


def test_a_seed_repeats_a_draw():
    image = gg.constant(np.arange(12.0).reshape(2, 2, 3))
    draw = gg.image.random_brightness(image, 0.5, seed=3)
    with gg.Session() as one, gg.Session() as other:
        assert one.run(draw).tolist() == other.run(draw).tolist()
