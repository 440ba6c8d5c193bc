"""Vision transformers with the names of timm, torchvision and Hugging Face: pretrained.py KIND FOLDER writes one with random weights and tells its logits."""
import json
import struct
import sys

import torch
from torch import nn
from torch.nn import functional as F

DIM, DEPTH, HEADS, HIDDEN, PATCH, IMAGE, CLASSES = 24, 2, 3, 40, 4, 16, 5


class TimmAttention(nn.Module):
    def __init__(self, bias):
        super().__init__()
        self.qkv = nn.Linear(DIM, 3 * DIM, bias=bias)
        self.proj = nn.Linear(DIM, DIM)

    def forward(self, x):
        b, n, _ = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, HEADS, DIM // HEADS).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * (DIM // HEADS) ** -0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, n, DIM))


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.gamma = nn.Parameter(torch.rand(DIM))

    def forward(self, x):
        return x * self.gamma


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(DIM, HIDDEN), nn.Linear(HIDDEN, DIM)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class TimmBlock(nn.Module):
    def __init__(self, scaled, bias):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(DIM, eps=1e-6), nn.LayerNorm(DIM, eps=1e-6)
        self.attn, self.mlp = TimmAttention(bias), Mlp()
        self.ls1, self.ls2 = (Scale(), Scale()) if scaled else (nn.Identity(), nn.Identity())

    def forward(self, x):
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


class Patches(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Conv2d(3, DIM, PATCH, PATCH)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class Timm(nn.Module):
    """token: a class token in front; otherwise the mean of the tokens, then fc_norm."""

    def __init__(self, token=True, scaled=False, bias=True, register=False):
        super().__init__()
        self.token, tokens = token, (IMAGE // PATCH) ** 2 + token
        self.patch_embed = Patches()
        if token:
            self.cls_token = nn.Parameter(torch.randn(1, 1, DIM))
        if register:
            self.reg_token = nn.Parameter(torch.randn(1, 4, DIM))
        self.pos_embed = nn.Parameter(torch.randn(1, tokens, DIM))
        self.blocks = nn.Sequential(*[TimmBlock(scaled, bias) for _ in range(DEPTH)])
        if token:
            self.norm = nn.LayerNorm(DIM, eps=1e-6)
        else:
            self.fc_norm = nn.LayerNorm(DIM, eps=1e-6)
        self.head = nn.Linear(DIM, CLASSES)

    def places(self, side):
        """As timm does for images of another size."""
        first, rest = self.pos_embed[:, :self.token], self.pos_embed[:, int(self.token):]
        old = IMAGE // PATCH
        if side != old:
            rest = rest.reshape(1, old, old, DIM).permute(0, 3, 1, 2)
            rest = F.interpolate(rest, size=(side, side), mode="bicubic", antialias=True).permute(0, 2, 3, 1).reshape(1, -1, DIM)
        return torch.cat([first, rest], 1)

    def forward(self, x):
        side = x.shape[-1] // PATCH
        x = self.patch_embed(x)
        if self.token:
            x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1)
        x = self.blocks(x + self.places(side))
        return self.head(self.norm(x)[:, 0] if self.token else self.fc_norm(x.mean(1)))


class TorchvisionBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(DIM, eps=1e-6), nn.LayerNorm(DIM, eps=1e-6)
        self.self_attention = nn.MultiheadAttention(DIM, HEADS, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(DIM, HIDDEN), nn.GELU(), nn.Dropout(0.0), nn.Linear(HIDDEN, DIM), nn.Dropout(0.0))

    def forward(self, x):
        y = self.ln_1(x)
        x = x + self.self_attention(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class TorchvisionEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.pos_embedding = nn.Parameter(torch.randn(1, (IMAGE // PATCH) ** 2 + 1, DIM))
        self.layers = nn.Sequential()
        for i in range(DEPTH):
            self.layers.add_module(f"encoder_layer_{i}", TorchvisionBlock())
        self.ln = nn.LayerNorm(DIM, eps=1e-6)

    def forward(self, x):
        return self.ln(self.layers(x + self.pos_embedding))


class Torchvision(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_proj = nn.Conv2d(3, DIM, PATCH, PATCH)
        self.class_token = nn.Parameter(torch.randn(1, 1, DIM))
        self.encoder = TorchvisionEncoder()
        self.heads = nn.Sequential()
        self.heads.add_module("head", nn.Linear(DIM, CLASSES))

    def forward(self, x):
        x = self.conv_proj(x).flatten(2).transpose(1, 2)
        return self.heads(self.encoder(torch.cat([self.class_token.expand(len(x), -1, -1), x], 1))[:, 0])


def hugging_face():
    """The names of ViTForImageClassification on the weights of timm's; its norms add 1e-12."""
    model = Timm()
    for part in model.modules():
        if isinstance(part, nn.LayerNorm):
            part.eps = 1e-12
    parts = {"norm1": "layernorm_before", "norm2": "layernorm_after", "attn.proj": "attention.output.dense",
             "mlp.fc1": "intermediate.dense", "mlp.fc2": "output.dense"}
    alone = {"cls_token": "vit.embeddings.cls_token", "pos_embed": "vit.embeddings.position_embeddings"}
    layers = {"patch_embed.proj": "vit.embeddings.patch_embeddings.projection", "norm": "vit.layernorm", "head": "classifier"}
    state = {}
    for name, value in model.state_dict().items():
        layer, _, kind = name.rpartition(".")
        if name in alone:
            state[alone[name]] = value
        elif layer in layers:
            state[f"{layers[layer]}.{kind}"] = value
        else:
            _, number, part = layer.split(".", 2)
            if part == "attn.qkv":
                for piece, third in zip(["query", "key", "value"], value.chunk(3)):
                    state[f"vit.encoder.layer.{number}.attention.attention.{piece}.{kind}"] = third
            else:
                state[f"vit.encoder.layer.{number}.{parts[part]}.{kind}"] = value
    return model, state


def safetensors(state, path):
    header, at, data = {}, 0, b""
    for name, value in state.items():
        raw = value.contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [at, at + len(raw)]}
        at, data = at + len(raw), data + raw
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


torch.manual_seed(11)
kind, folder = sys.argv[1:3]
side = IMAGE
if kind == "huggingface":
    model, state = hugging_face()
else:
    model = {"timm": Timm, "larger": Timm, "smaller": Timm, "mean": lambda: Timm(token=False), "scaled": lambda: Timm(scaled=True, bias=False),
             "registers": lambda: Timm(register=True), "torchvision": Torchvision}[kind]()
    side = {"larger": 24, "smaller": 8}.get(kind, IMAGE)
    state = model.state_dict()
with torch.no_grad():
    # Norms and biases that differ from what they begin with, and tokens as small as trained ones, for which epsilon counts.
    for name, value in state.items():
        if value.dim() == 1 and not name.endswith("gamma"):
            value.add_(torch.randn(value.shape) * 0.2)
    for name, value in state.items():
        if any(part in name for part in ("cls_token", "class_token", "pos_embed", "position_embeddings", "patch", "conv_proj")):
            value.mul_(0.01)
    model.eval()
    pixels = torch.linspace(0, 1, 2 * 3 * side * side).mul(37).sin().reshape(2, 3, side, side)
    mean, std = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    torch.save(state, folder + "/model.pth")
    safetensors(state, folder + "/model.safetensors")
    print(json.dumps({"pixels": pixels.flatten().tolist(), "logits": model(pixels).flatten().tolist(),
                      "normalized": model((pixels - mean) / std).flatten().tolist()}))
