"""Attention layers of torch.nn in both modes; in eval mode eager torch takes another path, its fast one."""

import numpy as np
import pytest
import torch
from torch import nn

import graphgrad as gg
from tests.models.compare import compare, normal

WIDTH, HEADS, STEPS, ROWS = 8, 2, 5, 2
MODES = pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
PADDING = np.array([[False] * STEPS, [False, False, False, True, True]])

# What of (rows, steps) is unknown before the run.
SIZES = {"static": (), "unknown batch": (0,), "unknown both": (0, 1)}
KNOWN = pytest.mark.parametrize("size", SIZES)


def causal():
    return nn.Transformer.generate_square_subsequent_mask(STEPS).double()


def inputs(batch_first):
    return normal(ROWS, STEPS, WIDTH) if batch_first else normal(STEPS, ROWS, WIDTH)


def axes(size, batch_first=True):
    """The unknown axes of an input of (rows, steps, width), or of (steps, rows, width)."""
    return tuple(axis if batch_first else 1 - axis for axis in SIZES[size])


# -- multi-head attention -------------------------------------------------------------------------------------

CALLS = {
    "to itself": lambda m, x: m(x, x, x),
    "without weights": lambda m, x: m(x, x, x, need_weights=False),
    "weights per head": lambda m, x: m(x, x, x, average_attn_weights=False),
}
MASKED = {
    "mask of numbers": lambda m, x: m(x, x, x, attn_mask=causal()),
    "mask of bools": lambda m, x: m(x, x, x, attn_mask=causal() < 0, need_weights=False),
    "causal": lambda m, x: m(x, x, x, attn_mask=causal(), is_causal=True, need_weights=False),
}


def attention(batch_first=True, **options):
    return nn.MultiheadAttention(WIDTH, HEADS, batch_first=batch_first, **options).double()


@KNOWN
@MODES
@pytest.mark.parametrize("batch_first", [True, False], ids=["batch first", "steps first"])
@pytest.mark.parametrize("name", CALLS)
def test_attention(name, batch_first, mode, size):
    module = attention(batch_first).train(mode)
    compare(module, [inputs(batch_first)], [axes(size, batch_first)], call=CALLS[name])


@MODES
@pytest.mark.parametrize("size", ["static", "unknown batch"])
@pytest.mark.parametrize("name", MASKED)
def test_masked_attention(name, mode, size):
    compare(attention().train(mode), [inputs(True)], [axes(size)], call=MASKED[name])


@KNOWN
@MODES
@pytest.mark.parametrize(
    "options", [{}, {"add_bias_kv": True, "add_zero_attn": True}, {"kdim": WIDTH, "vdim": WIDTH}], ids=str
)
def test_attention_to_something_else(options, mode, size):
    arrays = [inputs(True), inputs(True)]
    compare(attention(**options).train(mode), arrays, [axes(size)] * 2, call=lambda m, x, y: m(x, y, y))


@KNOWN
@MODES
def test_attention_with_padding(mode, size):
    arrays = [inputs(True), PADDING]
    call = lambda m, x, padding: m(x, x, x, key_padding_mask=padding)  # noqa: E731
    compare(attention().train(mode), arrays, [axes(size)] * 2, call=call)


def test_a_mask_tells_the_unknown_length():
    compare(attention(), [inputs(True)], [(0, 1)], call=MASKED["mask of numbers"])


# -- layers and stacks of them ----------------------------------------------------------------------------------


def encoder_layer(first=False, activation="relu"):
    return nn.TransformerEncoderLayer(
        WIDTH, HEADS, 16, dropout=0.0, batch_first=True, norm_first=first, activation=activation
    )


def decoder_layer(first=False):
    return nn.TransformerDecoderLayer(WIDTH, HEADS, 16, dropout=0.0, batch_first=True, norm_first=first)


def encoder(nested=False, first=False):
    return nn.TransformerEncoder(encoder_layer(first), 2, nn.LayerNorm(WIDTH), enable_nested_tensor=nested)


def decoder():
    return nn.TransformerDecoder(decoder_layer(), 2)


def padded(module, x, padding):
    return module(x, src_key_padding_mask=padding)


LAYERS = {
    "encoder layer": lambda: encoder_layer(),
    "encoder layer, norm first": lambda: encoder_layer(first=True),
    "encoder layer, gelu": lambda: encoder_layer(activation="gelu"),
    "encoder": encoder,
    "encoder, nested": lambda: encoder(nested=True),
    "encoder, norm first": lambda: encoder(first=True),
}


@KNOWN
@MODES
@pytest.mark.parametrize("name", LAYERS)
def test_encoders(name, mode, size):
    module = LAYERS[name]().double().train(mode)
    compare(module, [inputs(True)], [axes(size)])


@KNOWN
@MODES
@pytest.mark.parametrize("name", ["encoder layer", "encoder", "encoder, nested"])
def test_encoders_with_padding(name, mode, size):
    module = LAYERS[name]().double().train(mode)
    compare(module, [inputs(True), PADDING], [axes(size)] * 2, call=padded)


@MODES
@pytest.mark.parametrize("size", ["static", "unknown batch"])
def test_encoders_with_a_causal_mask(mode, size):
    layer, stack = encoder_layer().double().train(mode), encoder().double().train(mode)
    compare(layer, [inputs(True)], [axes(size)], call=lambda m, x: m(x, src_mask=causal()))
    compare(stack, [inputs(True)], [axes(size)], call=lambda m, x: m(x, mask=causal(), is_causal=True))


@KNOWN
@MODES
@pytest.mark.parametrize(
    "make", [decoder_layer, lambda: decoder_layer(first=True), decoder], ids=["layer", "norm first", "stack"]
)
def test_decoders(make, mode, size):
    module = make().double().train(mode)
    compare(module, [inputs(True), inputs(True)], [axes(size)] * 2)


@MODES
def test_a_decoder_layer_with_a_causal_mask(mode):
    module = decoder_layer().double().train(mode)
    call = lambda m, x, memory: m(x, memory, tgt_mask=causal())  # noqa: E731
    compare(module, [inputs(True), inputs(True)], [axes("unknown batch")] * 2, call=call)


@pytest.mark.parametrize("size", ["static", "unknown batch"])
def test_a_stack_finds_out_whether_its_mask_is_causal(size):
    compare(encoder().double(), [inputs(True)], [axes(size)], call=lambda m, x: m(x, mask=causal()))
    call = lambda m, x, memory: m(x, memory, tgt_mask=causal())  # noqa: E731
    compare(decoder().double(), [inputs(True), inputs(True)], [axes(size)] * 2, call=call)


def transformer():
    return nn.Transformer(WIDTH, HEADS, 1, 1, 16, dropout=0.0, batch_first=True).double()


@MODES
def test_a_transformer(mode):
    compare(transformer().train(mode), [inputs(True), inputs(True)])


@MODES
def test_a_transformer_with_padding(mode):
    def call(module, x, y, padding):
        return module(x, y, src_key_padding_mask=padding, memory_key_padding_mask=padding, tgt_key_padding_mask=padding)

    compare(transformer().train(mode), [inputs(True), inputs(True), PADDING], call=call)


@pytest.mark.parametrize("size", ["unknown batch", "unknown both"])
def test_a_transformer_of_unknown_batch_size(size):
    compare(transformer(), [inputs(True), inputs(True)], [axes(size)] * 2)


def test_dropout_of_attention_draws_anew(run):
    module = nn.MultiheadAttention(WIDTH, HEADS, dropout=0.5, batch_first=True)
    x = torch.ones(1, STEPS, WIDTH)
    fetches = gg.record(lambda t: module(t, t, t)[0], x)
    assert (run(fetches) != run(fetches)).any()
