"""Models of the package transformers, built small from their configurations, without any weights to load.

The package is not among graphgrad's requirements: without it these tests are skipped, and say so.
"""

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest
from torch import nn

from tests.models.compare import compare, normal

if find_spec("transformers") is None:
    pytest.skip("the package transformers is not installed", allow_module_level=True)

import transformers

VOCABULARY = 17
PADDING = np.array([[1] * 6, [1] * 4 + [0] * 2])
SIZES = {"static": (), "unknown batch": (0,), "unknown both": (0, 1)}
TEXT = {
    "vocab_size": VOCABULARY, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 32, "max_position_embeddings": 12, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
DRY = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
IMAGE = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
    "image_size": 16, "patch_size": 8,
}  # fmt: skip


def bert(**options):
    return transformers.BertForSequenceClassification(transformers.BertConfig(**TEXT, **DRY, **options))


def masked_bert(**options):
    return transformers.BertForMaskedLM(transformers.BertConfig(**TEXT, **DRY, **options))


def roberta(**options):
    return transformers.RobertaForSequenceClassification(transformers.RobertaConfig(**TEXT, **DRY, **options))


def distilbert(**options):
    config = transformers.DistilBertConfig(
        vocab_size=VOCABULARY, dim=16, n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=12,
        dropout=0.0, attention_dropout=0.0, seq_classif_dropout=0.0, **options,
    )  # fmt: skip
    return transformers.DistilBertForSequenceClassification(config)


def opt(**options):
    config = transformers.OPTConfig(
        vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, ffn_dim=32,
        max_position_embeddings=12, word_embed_proj_dim=16, dropout=0.0, use_cache=False,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, **options,
    )  # fmt: skip
    return transformers.OPTForCausalLM(config)


def gpt2(**options):
    config = transformers.GPT2Config(
        vocab_size=VOCABULARY, n_positions=12, n_embd=16, n_layer=2, n_head=2, bos_token_id=1, eos_token_id=2,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, use_cache=False, **options,
    )  # fmt: skip
    return transformers.GPT2LMHeadModel(config)


def llama(**options):
    config = transformers.LlamaConfig(**TEXT, num_key_value_heads=1, use_cache=False, **options)
    return transformers.LlamaForCausalLM(config)


def t5():
    config = transformers.T5Config(
        vocab_size=VOCABULARY, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, dropout_rate=0.0,
        pad_token_id=0, eos_token_id=2, decoder_start_token_id=0, use_cache=False,
    )  # fmt: skip
    return transformers.T5ForConditionalGeneration(config)


IMAGES: dict[str, Callable[[], nn.Module]] = {
    "ViT": lambda: transformers.ViTForImageClassification(transformers.ViTConfig(**IMAGE)),
    "Dinov2": lambda: transformers.Dinov2ForImageClassification(transformers.Dinov2Config(**IMAGE)),
    "ConvNext": lambda: transformers.ConvNextForImageClassification(
        transformers.ConvNextConfig(hidden_sizes=[8, 16], depths=[1, 1], num_stages=2, patch_size=2)
    ),
    "ResNet": lambda: transformers.ResNetForImageClassification(
        transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    ),
    "MobileNetV2": lambda: transformers.MobileNetV2ForImageClassification(
        transformers.MobileNetV2Config(depth_multiplier=0.25, classifier_dropout_prob=0.0)
    ),
}


def tokens(length=6):
    return np.random.randint(3, VOCABULARY, (2, length))


def scores(module, ids, mask=None):
    return module(input_ids=ids, attention_mask=mask).logits


@pytest.mark.parametrize("size", ["static", "unknown batch"])
@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("make", [bert, masked_bert, distilbert, opt, roberta])
def test_texts(make, attention, size):
    module = make(attn_implementation=attention).double().eval()
    compare(module, [tokens()], [SIZES[size]], call=scores)


@pytest.mark.parametrize("make", [bert, masked_bert, distilbert, opt, roberta])
def test_texts_of_unknown_length(make):
    compare(make(attn_implementation="eager").double().eval(), [tokens()], [(0, 1)], call=scores)


@pytest.mark.parametrize("size", ["static", "unknown batch"])
@pytest.mark.parametrize("make", [gpt2, llama, opt])
def test_causal_models_with_padding(make, size):
    module = make(attn_implementation="eager").double().eval()
    compare(module, [tokens(), PADDING], [SIZES[size]] * 2, call=scores)


@pytest.mark.parametrize("make", [gpt2, llama])
def test_causal_models(make):
    compare(make().double().eval(), [tokens()], call=scores)


@pytest.mark.parametrize("size", ["unknown batch", "unknown both"])
@pytest.mark.parametrize("make", [gpt2, llama])
def test_causal_models_of_unknown_size(make, size):
    compare(make().double().eval(), [tokens()], [SIZES[size]], call=scores)


def test_a_mask_that_a_run_decides():
    compare(bert().double().eval(), [tokens(), PADDING], call=scores)


@pytest.mark.parametrize("size", ["static", "unknown batch"])
def test_an_encoder_and_a_decoder(size):
    def call(module, ids, started):
        return module(input_ids=ids, decoder_input_ids=started).logits

    compare(t5().double().eval(), [tokens(), tokens(4)], [SIZES[size]] * 2, call=call)


@pytest.mark.parametrize("unknown", [(), (0,)], ids=["static", "unknown batch"])
@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", IMAGES)
def test_images(name, mode, unknown):
    module = IMAGES[name]().double().train(mode)
    compare(module, [normal(4, 3, 16, 16)], [unknown], call=lambda m, x: m(pixel_values=x).logits)
