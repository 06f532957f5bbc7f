"""Every kind of layer of torch.nn, with a known and with an unknown batch size."""

import numpy as np
import pytest
import torch
from torch import nn

import graphgrad as gg
from tests.models.compare import compare, normal, placeholder

BATCH = pytest.mark.parametrize("unknown", [(), (0,)], ids=["static", "unknown batch"])

ACTIVATIONS = (
    "CELU ELU GELU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid Mish PReLU ReLU ReLU6 SELU SiLU "
    "Sigmoid Softplus Softshrink Softsign Tanh Tanhshrink LogSoftmax Softmax Softmin GLU"
).split()
IN_PLACE = "CELU ELU Hardsigmoid Hardswish Hardtanh LeakyReLU Mish ReLU ReLU6 SELU SiLU".split()


def between(layer):
    """The layer behind one with parameters, and before another."""
    return nn.Sequential(nn.Linear(4, 6), layer, nn.Linear(6, 2))


def dense(layer):
    return nn.Sequential(nn.Linear(4, 6), layer)


@BATCH
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name, unknown):
    activation = getattr(nn, name)(*([-1] if "oftm" in name else []))
    compare(dense(activation).double(), [normal(5, 4)], [unknown])


@BATCH
@pytest.mark.parametrize("name", IN_PLACE)
def test_activations_in_place(name, unknown):
    compare(dense(getattr(nn, name)(inplace=True)).double(), [normal(5, 4)], [unknown])


@BATCH
@pytest.mark.parametrize("layer", [nn.RReLU(), nn.Dropout(0.5), nn.AlphaDropout(0.5), nn.FeatureAlphaDropout(0.5)])
def test_random_layers_in_eval_mode(layer, unknown):
    compare(dense(layer).double().eval(), [normal(5, 4)], [unknown])


# Layers over 1, 2 and 3 spatial axes: the name in torch.nn without its digit, and the arguments of the constructor.
SPATIAL = {
    "convolution": lambda d: make("Conv", d, 4, 6, 3, stride=2, padding=1, groups=2),
    "padding same": lambda d: make("Conv", d, 4, 6, 3, padding="same", dilation=2),
    "padding circular": lambda d: make("Conv", d, 4, 6, 3, padding=1, padding_mode="circular"),
    "transposed": lambda d: make("ConvTranspose", d, 4, 6, 3, stride=2, padding=1, output_padding=1),
    "MaxPool": lambda d: mixed(d, make("MaxPool", d, 2)),
    "AvgPool": lambda d: mixed(d, make("AvgPool", d, 3, 2, 1)),
    "LPPool": lambda d: mixed(d, nn.Softplus(), make("LPPool", d, 2, 2)),
    "AdaptiveAvgPool": lambda d: mixed(d, make("AdaptiveAvgPool", d, 2)),
    "AdaptiveMaxPool": lambda d: mixed(d, make("AdaptiveMaxPool", d, 2)),
    "MaxUnpool": lambda d: Unpool(d),
    "InstanceNorm": lambda d: mixed(d, make("InstanceNorm", d, 6, affine=True)),
    "BatchNorm without statistics": lambda d: mixed(d, make("BatchNorm", d, 6, track_running_stats=False)),
    "BatchNorm in eval mode": lambda d: mixed(d, make("BatchNorm", d, 6)).eval(),
    "Dropout in eval mode": lambda d: mixed(d, make("Dropout", d, 0.5)).eval(),
    "ReflectionPad": lambda d: mixed(d, make("ReflectionPad", d, 1)),
    "ReplicationPad": lambda d: mixed(d, make("ReplicationPad", d, 1)),
    "ZeroPad": lambda d: mixed(d, make("ZeroPad", d, 1)),
    "CircularPad": lambda d: mixed(d, make("CircularPad", d, 1)),
    "ConstantPad": lambda d: mixed(d, make("ConstantPad", d, 1, 2.0)),
}  # fmt: skip
# Those whose kernels take any size; an adaptive pool to one element is in GROWING below.
ANY_SIZE = "convolution,padding same,MaxPool,AvgPool,InstanceNorm,BatchNorm in eval mode".split(",")


def make(name, axes, *args, **options):
    return getattr(nn, f"{name}{axes}d")(*args, **options)


def mixed(axes, *layers):
    return nn.Sequential(make("Conv", axes, 4, 6, 1), *layers)


class Unpool(nn.Module):
    def __init__(self, axes):
        super().__init__()
        self.mix = make("Conv", axes, 4, 6, 1)
        self.pool = make("MaxPool", axes, 2, return_indices=True)
        self.unpool = make("MaxUnpool", axes, 2)

    def forward(self, x):
        return self.unpool(*self.pool(self.mix(x)))


@pytest.mark.parametrize(
    ("axes", "unknown"),
    [(1, ()), (2, ()), (2, (0,)), (3, (0,))],
    ids=["1 static", "2 static", "2 unknown", "3 unknown"],
)
@pytest.mark.parametrize("name", SPATIAL)
def test_spatial_layers(name, axes, unknown):
    compare(SPATIAL[name](axes).double(), [normal(2, 4, *[6] * axes)], [unknown])


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("name", ANY_SIZE)
def test_spatial_layers_of_unknown_size(name, axes):
    compare(SPATIAL[name](axes).double(), [normal(2, 4, *[6] * axes)], [(0, *range(2, 2 + axes))])


GROWING = {
    **{f"Upsample {mode}": nn.Upsample(scale_factor=2, mode=mode) for mode in ("nearest", "bilinear", "bicubic")},
    "Upsample to a size": nn.Upsample(size=(7, 5), mode="bilinear"),
    "AdaptiveAvgPool2d": nn.AdaptiveAvgPool2d(1),
    "Softmax2d": nn.Softmax2d(),
}  # fmt: skip


@pytest.mark.parametrize("unknown", [(), (0,), (0, 2, 3)], ids=["static", "unknown batch", "unknown size"])
@pytest.mark.parametrize("name", GROWING)
def test_images_of_unknown_size(name, unknown):
    compare(mixed(2, GROWING[name]).double(), [normal(2, 4, 4, 4)], [unknown])


class Lists(nn.Module):
    """Uses each container of torch.nn."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
        self.named = nn.ModuleDict({"last": nn.Linear(4, 2), "bound": nn.Tanh()})
        self.scales = nn.ParameterList([torch.randn(4) for _ in range(3)])
        self.extra = nn.ParameterDict({"shift": torch.randn(2)})

    def forward(self, x):
        for layer, scale in zip(self.layers, self.scales, strict=True):
            x = x + torch.relu(layer(x)) * scale
        return self.named["bound"](self.named["last"](x)) + self.extra["shift"]


class Halves(nn.Module):
    """A layer of two inputs, on the two halves of one."""

    def __init__(self, layer):
        super().__init__()
        self.mix = nn.Linear(8, 8)
        self.layer = layer

    def forward(self, x):
        return self.layer(*self.mix(x).chunk(2, dim=-1))


OTHERS = {
    "containers": (lambda: Lists(), (5, 4)),
    "Bilinear": (lambda: Halves(nn.Bilinear(4, 4, 3)), (5, 8)),
    "Bilinear 3d": (lambda: Halves(nn.Bilinear(4, 4, 3)), (5, 2, 8)),
    "CosineSimilarity": (lambda: Halves(nn.CosineSimilarity()), (5, 8)),
    "PairwiseDistance": (lambda: Halves(nn.PairwiseDistance()), (5, 8)),
    "LayerNorm": (lambda: nn.LayerNorm((3, 4), bias=False), (5, 3, 4)),
    "RMSNorm": (lambda: nn.RMSNorm(4), (5, 4)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), (5, 4, 3)),
    "LocalResponseNorm": (lambda: mixed(2, nn.LocalResponseNorm(3)), (2, 4, 3, 3)),
    "SyncBatchNorm in eval mode": (lambda: mixed(2, nn.SyncBatchNorm(6)).eval(), (2, 4, 3, 3)),
    "Flatten, Unflatten": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(12, 6), nn.Unflatten(1, (2, 3))), (5, 3, 4)),
    "Unfold, Fold": (lambda: nn.Sequential(nn.Conv2d(2, 2, 1), nn.Unfold(3, padding=1), nn.Fold((4, 4), 3, padding=1)),
                     (2, 2, 4, 4)),
    "PixelShuffle": (lambda: nn.Sequential(nn.Conv2d(2, 8, 1), nn.PixelShuffle(2), nn.PixelUnshuffle(2)), (2, 2, 4, 4)),
    "ChannelShuffle": (lambda: mixed(2, nn.ChannelShuffle(2)), (2, 4, 3, 3)),
    "Threshold": (lambda: dense(nn.Threshold(0.1, 2.0)), (5, 4)),
    "GELU by tanh": (lambda: dense(nn.GELU("tanh")), (5, 4)),
    "FractionalMaxPool2d": (lambda: mixed(2, fractional()), (2, 4, 6, 6)),
    "weight norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)), (5, 4)),
    "orthogonal": (lambda: nn.utils.parametrizations.orthogonal(nn.Linear(4, 4)), (5, 4)),
    "spectral norm in eval mode": (lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4)).eval(), (5, 4)),
}  # fmt: skip


def fractional():
    return nn.FractionalMaxPool2d(2, output_size=3, _random_samples=torch.rand(2, 6, 2).double())


@BATCH
@pytest.mark.parametrize("name", OTHERS)
def test_other_layers(name, unknown):
    layer, shape = OTHERS[name]
    compare(layer().double(), [normal(*shape)], [unknown])


EMBEDDINGS = {
    "Embedding": lambda: nn.Embedding(7, 4),
    "with padding": lambda: nn.Embedding(7, 4, padding_idx=0),
    "scaled by frequency": lambda: nn.Embedding(7, 4, scale_grad_by_freq=True),
    "EmbeddingBag mean": lambda: nn.EmbeddingBag(7, 4),
    "EmbeddingBag sum": lambda: nn.EmbeddingBag(7, 4, mode="sum"),
    "EmbeddingBag max": lambda: nn.EmbeddingBag(7, 4, mode="max"),
}


@pytest.mark.parametrize("unknown", [(), (0,), (0, 1)], ids=["static", "unknown batch", "unknown length"])
@pytest.mark.parametrize("name", EMBEDDINGS)
def test_embeddings(name, unknown):
    compare(EMBEDDINGS[name]().double(), [np.random.randint(0, 7, (5, 3))], [unknown])


def test_an_embedding_bag_with_offsets():
    indices, offsets = np.random.randint(0, 7, 15), np.array([0, 4, 9])
    compare(nn.EmbeddingBag(7, 4, mode="sum").double(), [indices, offsets], [(0,), (0,)])


def test_layers_in_float32():
    compare(between(nn.Tanh()), [normal(5, 4).astype(np.float32)], [(0,)], rtol=1e-5)


DROPOUTS = [nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout]


@BATCH
@pytest.mark.parametrize("kind", DROPOUTS, ids=lambda kind: kind.__name__)
def test_dropout_in_training_mode_draws_a_mask_per_run_and_its_gradient_uses_the_same(kind, unknown):
    data = np.ones((50, 8, 2, 2, 2)[: 3 if kind is nn.Dropout1d else 4 if kind is nn.Dropout2d else 5])
    x = placeholder(data, unknown)
    y = kind(0.5)(x)
    fetches = [y, *gg.gradients(y, x)]
    with gg.Session() as session:
        (first, slope), (second, _) = (session.run(fetches, {x: data}) for _ in range(2))
    assert len(np.unique(first)) == 2 and (first != second).any()
    scale = np.unique(slope)
    assert len(scale) == 2 and scale[0] == 0
    assert ((first == first.max()) == (slope == scale[1])).all()
    assert 0.3 < (slope == 0).mean() < 0.7


class Scaled(nn.Module):
    """Multiplies by the number that `read` finds in a parameter."""

    def __init__(self, read):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(5.0))
        self.read = read

    def forward(self, x):
        return x * self.read(self.scale)


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
@pytest.mark.parametrize("read", [float, torch.Tensor.item, lambda scale: 5 if scale else 0])
def test_the_number_of_a_parameter_is_refused(read):
    with pytest.raises(TypeError, match="no value yet"):
        Scaled(read)(gg.placeholder(gg.float32, [1]))
