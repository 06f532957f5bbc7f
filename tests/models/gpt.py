"""A small GPT: learned positions, causal attention, the output layer tied to the embedding."""

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn


class Attention(nn.Module):
    """Causal attention to itself. `mask`: one stored for the longest text, one made for each, or torch's kernel."""

    def __init__(self, width: int, heads: int, longest: int, mask: str) -> None:
        super().__init__()
        self.heads = heads
        self.mask = mask
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.register_buffer("bias", torch.tril(torch.ones(longest, longest)).view(1, 1, longest, longest))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        B, T, C = x.size()  # noqa: N806
        q, k, v = self.qkv(x).split(C, dim=2)
        q, k, v = (part.view(B, T, self.heads, C // self.heads).transpose(1, 2) for part in (q, k, v))
        if self.mask == "kernel":
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            kept = self.bias[:, :, :T, :T] if self.mask == "stored" else torch.ones(T, T).tril()
            scores = (q @ k.transpose(-2, -1)) / math.sqrt(k.size(-1))
            y = scores.masked_fill(kept == 0, float("-inf")).softmax(dim=-1) @ v
        return self.out(y.transpose(1, 2).contiguous().view(B, T, C))


class Block(nn.Module):
    """Attention and a perceptron, each added to what it reads."""

    def __init__(self, width: int, heads: int, longest: int, mask: str) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads, longest, mask)
        self.ln2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    """Token numbers [batch, time] to scores [batch, time, vocabulary]."""

    def __init__(self, mask: str, vocabulary: int = 11, width: int = 16, heads: int = 2, longest: int = 8) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.pos = nn.Parameter(0.1 * torch.randn(1, longest, width))
        self.table = nn.Embedding(longest, width)
        self.blocks = nn.ModuleList([Block(width, heads, longest, mask) for _ in range(2)])
        self.ln = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        _, T = tokens.shape  # noqa: N806
        x = self.tokens(tokens) + self.pos[:, :T] + self.table(torch.arange(T, device=tokens.device))
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln(x))
