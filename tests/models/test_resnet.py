"""A residual network, in both modes."""

import pytest

import graphgrad as gg
from tests.models.compare import compare, normal, placeholder
from tests.models.resnet import ResNet

SIZES = pytest.mark.parametrize("unknown", [(), (0,), (0, 2, 3)], ids=["static", "unknown batch", "unknown size"])


@SIZES
@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
def test_scores(mode, unknown):
    compare(ResNet().double().train(mode), [normal(4, 3, 32, 32)], [unknown])


def test_parameters_keep_their_paths():
    model = ResNet().eval()
    model(placeholder(normal(2, 3, 32, 32)))
    names = {variable.name for variable in gg.trainable_variables()}
    assert names == {f"resnet/{name.replace('.', '/')}:0" for name, _ in model.named_parameters()}
