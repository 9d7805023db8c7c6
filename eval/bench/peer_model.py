#!/usr/bin/env python3
"""peer_model.py MODEL FOLDER -- a Satz model as the PyTorch peer's checkpoint FOLDER/best.pt.

So that both translate by the same weights: one bidirectional LSTM layer, one LSTM layer in the decoder,
additive attention before it, bridge dense, all embeddings tied or none. Needs torch."""
import json
import os
import sys

import torch


def read(path):
    """The tensors of a safetensors file, and its metadata."""
    with open(path, "rb") as f:
        data = f.read()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    metadata = header.pop("__metadata__")
    types = {"F32": torch.float32, "U8": torch.uint8}
    tensors = {}
    for name, entry in header.items():
        a, b = entry["data_offsets"]
        flat = torch.frombuffer(bytearray(data[start + a : start + b]), dtype=types[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return tensors, metadata


def state(t):
    """The peer's names. Its LSTMs have two biases, whose sum is Satz's; its keys have one."""
    tied = "output.weight" not in t
    state = {
        "emb_s.weight": t.get("source.embedding", t["target.embedding"]),
        "emb_t.weight": t["target.embedding"],
        "key.weight": t["decoder.attention.key"],
        "key.bias": torch.zeros(t["decoder.attention.key"].shape[0]),
        "query.weight": t["decoder.attention.query"],
        "v": t["decoder.attention.v"].flatten(),
        "readout.weight": t["decoder.readout.weight"],
        "readout.bias": t["decoder.readout.bias"].flatten(),
        "out.weight": t["target.embedding"] if tied else t["output.weight"],
        "out.bias": t["output.bias"].flatten(),
    }
    for direction, suffix in (("forward", ""), ("backward", "_reverse")):
        prefix = f"encoder.0.{direction}."
        bias = t[prefix + "bias"].flatten()
        state["enc.weight_ih_l0" + suffix] = t[prefix + "input"]
        state["enc.weight_hh_l0" + suffix] = t[prefix + "recurrent"]
        state["enc.bias_ih_l0" + suffix] = bias
        state["enc.bias_hh_l0" + suffix] = torch.zeros_like(bias)
    width = t["target.embedding"].shape[1]
    gates = t["decoder.0.input"]
    state["x2g.weight"] = gates[:, :width].contiguous()
    state["x2g.bias"] = t["decoder.0.bias"].flatten()
    state["ch2g.weight"] = torch.cat([gates[:, width:], t["decoder.0.recurrent"]], 1)
    state["bridge.weight"] = t["bridge.weight"]
    state["bridge.bias"] = t["bridge.bias"].flatten()
    return state, tied


def main():
    model, folder = sys.argv[1:]
    tensors, _ = read(model)
    weights, tied = state(tensors)
    os.makedirs(folder, exist_ok=True)
    tokenizer = os.path.join(folder, "tokenizer.model")
    with open(tokenizer, "wb") as f:
        f.write(tensors["tokenizer.source"].numpy().tobytes())
    hidden = tensors["decoder.0.recurrent"].shape[1]
    conf = dict(
        vocab=tensors["target.embedding"].shape[0],
        emb=tensors["target.embedding"].shape[1],
        hidden=hidden,
        enc_hidden=tensors["encoder.0.forward.recurrent"].shape[1],
        attn="bahdanau",
        attn_dim=tensors["decoder.attention.key"].shape[0],
        dropout=0.0,
        tie=tied,
    )
    torch.save(
        dict(conf=conf, state=weights, spm=os.path.abspath(tokenizer)),
        os.path.join(folder, "best.pt"),
    )


main()
