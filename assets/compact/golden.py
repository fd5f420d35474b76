#!/usr/bin/env python3
"""Golden vectors of Compact by PyTorch.

  python3 golden.py --student compact18.safetensors --out compact18_golden.safetensors

The inputs are a closed formula and count as already normalised:
value(c,y,x) = sin(.37x + .11y(c+1)) + .8 cos(.05xy/(c+1) + .7c), float64, then float32.
Outputs are taken after the relu. Every array is C,H,W. When the training
checkpoint (STUDENT + ".pt") is at hand, the error of rounding to fp16 is printed too.
"""
import argparse
import os

import numpy as np
import torch
import torch.nn.functional as F

import distill as D

ap = argparse.ArgumentParser()
ap.add_argument("--student", default="compact18.safetensors")
ap.add_argument("--out", default="compact18_golden.safetensors")
a = ap.parse_args()
torch.set_num_threads(1)

w, meta = D.load_safetensors(a.student)
golden = {}
with torch.no_grad():
    for h, wd in ((64, 64), (96, 64)):
        x = D.golden_input(h, wd)
        golden[f"input_{h}x{wd}"] = x
        for n, t in zip(("layer2", "layer3"), D.run_folded(w, torch.from_numpy(x)[None])):
            golden[f"{n}_{h}x{wd}"] = t[0].numpy()
D.save_safetensors(a.out, golden, {
    "input": "normalised, C,H,W; sizes are HxW",
    "outputs": "after relu, float32 arithmetic",
    "model": "compact18",
    "weights": "the fp16 values of compact18.safetensors, widened to float32",
    "training": meta["training"],
})

ck = a.student + ".pt"
if os.path.exists(ck):
    net = D.Compact18()
    net.load_state_dict(torch.load(ck, map_location="cpu")["net"])
    net.eval()
    full = net.folded()
    noise = np.random.default_rng(3).standard_normal((1, 3, 128, 128)).astype(np.float32)
    x = torch.from_numpy(np.concatenate([D.golden_input(128, 128)[None], noise]))
    with torch.no_grad():
        exact, rounded = D.run_folded(full, x), D.run_folded(w, x)
        unfolded = [F.relu(t) for t in net(x)]
    for i, n in enumerate(("layer2", "layer3")):
        e = ((rounded[i] - exact[i]).norm() / exact[i].norm()).item()
        f = ((unfolded[i] - exact[i]).norm() / unfolded[i].norm()).item()
        print(f"{n}: relative L2 error of fp16 rounding {e:.2e}, of folding {f:.2e}")
