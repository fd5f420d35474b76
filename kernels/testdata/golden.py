#!/usr/bin/env python3
"""Golden vectors of the operations by PyTorch and SciPy, in float64.

  /usr/bin/python3 golden.py golden.safetensors

Each case is an operation with its attributes as the Go struct's fields, inputs
that float32 holds exactly, and outputs rounded to float32 at the end. Tensors
are named CASE.in0, CASE.out0 and so on and have four dimensions; the metadata's
"cases" is JSON: [{"name", "op", "attributes"}].
"""
import json
import struct
import sys

import numpy as np
import scipy.ndimage
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
random = np.random.default_rng(1)
tensors, cases = {}, []

IDENTITY, RELU, LEAKY, SILU, SIGMOID = range(5)
MAX_POOL, AVERAGE_POOL, AVERAGE_POOL_PADDED = range(3)
SUM, MEAN, MAX = range(3)
BILINEAR, CORNERS, NEAREST = range(3)


def f32(value):
    """value as float32 holds it, which is how the Go attributes are stored."""
    return float(np.float32(value))


def rounded(t):
    """t rounded to float32, in float64."""
    return t.detach().to(torch.float32).to(torch.float64)


def normal(*shape, scale=1.0, offset=0.0):
    return rounded(torch.from_numpy(random.standard_normal(shape) * scale + offset))


def uniform(low, high, *shape):
    return rounded(torch.from_numpy(random.uniform(low, high, shape)))


def vector(t):
    return t.reshape(1, -1, 1, 1)


def case(name, op, attributes, inputs, outputs):
    cases.append({"name": name, "op": op, "attributes": attributes})
    for kind, values in (("in", inputs), ("out", outputs)):
        for i, t in enumerate(values):
            a = t.detach().numpy()
            while a.ndim < 4:
                a = a[None]
            tensors[f"{name}.{kind}{i}"] = np.ascontiguousarray(a.astype("<f4"))


def activation(x, kind, slope):
    return {
        IDENTITY: lambda: x,
        RELU: lambda: F.relu(x),
        LEAKY: lambda: F.leaky_relu(x, slope),
        SILU: lambda: F.silu(x),
        SIGMOID: lambda: torch.sigmoid(x),
    }[kind]()


def conv(name, c, o, h, w, k, s=1, d=1, pads=None, groups=1, bias=True, residual=False, act=IDENTITY, slope=0.0, n=1):
    top, left, bottom, right = pads if pads is not None else (k // 2,) * 4
    x, weight = normal(n, c, h, w), normal(o, c // groups, k, k, scale=(c // groups * k * k) ** -0.5)
    inputs = [x, weight]
    b = None
    if bias:
        b = normal(o)
        inputs.append(vector(b))
    y = F.conv2d(F.pad(x, (left, right, top, bottom)), weight, b, stride=s, dilation=d, groups=groups)
    if residual:
        r = normal(*y.shape)
        inputs.append(r)
        y = y + r
    case("conv2d/" + name, "conv2d", {
        "Kernel": k, "Stride": s, "Dilation": d, "PadTop": top, "PadLeft": left, "PadBottom": bottom, "PadRight": right,
        "Groups": groups, "Bias": bias, "Residual": residual, "Activation": act, "Slope": slope,
    }, inputs, [activation(y, act, f32(slope))])


def convs():
    conv("3x3", 5, 7, 6, 8, 3)
    conv("3x3 16 channels", 16, 16, 9, 7, 3, act=RELU)
    conv("1x1", 13, 6, 5, 4, 1)
    conv("1x1 map", 3, 5, 1, 1, 3)
    conv("stride 2", 4, 6, 9, 8, 3, s=2)
    conv("dilation 2", 3, 4, 9, 8, 3, d=2, pads=(2, 2, 2, 2))
    conv("dilation 3 stride 2", 2, 3, 12, 11, 3, s=2, d=3)
    conv("tf same", 5, 4, 8, 10, 3, s=2, pads=(0, 0, 1, 1))
    conv("four different pads", 3, 4, 5, 6, 3, pads=(1, 0, 2, 3))
    conv("even kernel", 3, 5, 6, 7, 2, s=2, pads=(0, 0, 0, 0))
    conv("stem 7x7", 3, 8, 15, 14, 7, s=2)
    conv("stem 5x5", 3, 8, 12, 13, 5, s=2)
    conv("2 groups", 6, 10, 5, 6, 3, groups=2)
    conv("depthwise", 9, 9, 7, 6, 3, groups=9)
    conv("depthwise 5x5 stride 2", 6, 6, 9, 8, 5, s=2, groups=6, pads=(1, 1, 2, 2))
    conv("depthwise doubled", 4, 8, 5, 5, 3, groups=4)
    conv("batch of 2", 3, 4, 5, 6, 3, n=2, residual=True, act=SILU)
    for act in range(5):
        for bias in (False, True):
            for residual in (False, True):
                conv(f"epilogue {act} {bias} {residual}", 3, 4, 5, 4, 3, bias=bias, residual=residual, act=act, slope=0.2)


def linears():
    for transposed in (False, True):
        for act in range(5):
            x, bias = normal(2, 5, 3, 4), normal(7)
            w = normal(5, 7, 1, 1) if transposed else normal(7, 5, 1, 1)
            m = w[:, :, 0, 0].T if transposed else w[:, :, 0, 0]
            y = F.linear(x.permute(0, 2, 3, 1), m, bias).permute(0, 3, 1, 2)
            case(f"linear/{act} {transposed}", "linear", {"Transposed": transposed, "Bias": True, "Activation": act, "Slope": 0.2},
                 [x, w, vector(bias)], [activation(y, act, f32(0.2))])
    x, w = normal(1, 33, 1, 20).requires_grad_(), normal(17, 33).requires_grad_()
    y = F.linear(x[0, :, 0].T, w).T[None, :, None]
    dy = normal(*y.shape)
    y.backward(dy)
    case("linear/forward", "linear", {}, [x, w[:, :, None, None]], [y])
    case("linear/input gradient", "linear", {"Transposed": True}, [dy, w[:, :, None, None]], [x.grad])
    case("linear_weight_gradient/rows", "linear_weight_gradient", {}, [x, dy], [w.grad[:, :, None, None]])
    x, w = normal(2, 4, 3, 5).requires_grad_(), normal(6, 4).requires_grad_()
    y = F.conv2d(x, w[:, :, None, None])
    dy = normal(*y.shape)
    y.backward(dy)
    case("linear_weight_gradient/pictures", "linear_weight_gradient", {}, [x, dy], [w.grad[:, :, None, None]])


def pools():
    for k, s, pads in ((1, 1, (0,) * 4), (2, 2, (0,) * 4), (3, 2, (1,) * 4), (3, 1, (1,) * 4), (3, 2, (0, 0, 1, 1)), (4, 3, (3, 2, 1, 0))):
        top, left, bottom, right = pads
        around = (left, right, top, bottom)
        x = normal(2, 3, 7, 9, offset=0.5)
        padded = F.avg_pool2d(F.pad(x, around), k, s)
        inside = F.avg_pool2d(F.pad(torch.ones_like(x), around), k, s)
        for kind, y in ((MAX_POOL, F.max_pool2d(F.pad(x, around, value=-np.inf), k, s)), (AVERAGE_POOL, padded / inside), (AVERAGE_POOL_PADDED, padded)):
            if top == bottom == left == right and top <= k // 2:
                other = F.max_pool2d(x, k, s, top) if kind == MAX_POOL else F.avg_pool2d(x, k, s, top, count_include_pad=kind == AVERAGE_POOL_PADDED)
                assert torch.allclose(y, other)
            case(f"pool/{kind} {k} {s} {pads}", "pool", {
                "Kind": kind, "Kernel": k, "Stride": s, "PadTop": top, "PadLeft": left, "PadBottom": bottom, "PadRight": right}, [x], [y])


def resizes():
    for h, w, to in ((7, 5, (14, 10)), (7, 5, (13, 9)), (12, 16, (5, 7)), (4, 11, (9, 3)), (1, 1, (3, 4)), (6, 5, (1, 1)), (6, 7, (6, 7))):
        x = normal(1, 3, h, w)
        for kind, options in ((BILINEAR, {"mode": "bilinear", "align_corners": False}), (CORNERS, {"mode": "bilinear", "align_corners": True}), (NEAREST, {"mode": "nearest"})):
            case(f"resize/{kind} {h}x{w} to {to[0]}x{to[1]}", "resize", {"Kind": kind, "Height": to[0], "Width": to[1]}, [x], [F.interpolate(x, size=to, **options)])


def patch_pools():
    for c, h, w, k, dim in ((3, 5, 6, 3, 5), (13, 4, 3, 3, 20), (1, 4, 5, 3, 20), (3, 4, 5, 1, 7), (16, 4, 3, 3, 24), (16, 3, 3, 3, 16), (2, 5, 4, 5, 7), (16, 3, 3, 1, 4), (128, 1, 2, 3, 96)):
        x = normal(2, c, h, w)
        patches = F.unfold(x, k, padding=k // 2).transpose(1, 2)
        y = F.adaptive_avg_pool1d(patches.reshape(-1, 1, c * k * k), dim)
        y = y.reshape(2, h * w, dim).transpose(1, 2).reshape(2, dim, h, w)
        case(f"patchpool/{c} {k} to {dim}", "patchpool", {"Kernel": k, "Dim": dim}, [x], [y])


def blurs():
    for sigma, h, w in ((0.75, 6, 7), (4.0, 9, 12), (4.0, 40, 3), (1.0, 1, 1)):
        radius = int(4 * sigma + 0.5)
        x = normal(1, 2, h, w)
        for vertical in (False, True):
            y = scipy.ndimage.gaussian_filter1d(x.numpy(), sigma, axis=2 if vertical else 3, mode="reflect", truncate=4.0)
            case(f"blur/{sigma} {h}x{w} {vertical}", "blur", {"Sigma": sigma, "Radius": radius, "Vertical": vertical}, [x], [torch.from_numpy(y)])


def batch_norms():
    eps, momentum = f32(1e-5), f32(0.1)
    for n, c, h, w in ((2, 5, 3, 7), (1, 13, 1, 40), (2, 1, 1, 1)):
        x = normal(n, c, h, w, offset=0.7).requires_grad_()
        gamma, beta = normal(c).requires_grad_(), normal(c).requires_grad_()
        running, variance = normal(c), uniform(0.5, 2, c)
        before = running.clone(), variance.clone()
        y, mean, inv = torch.native_batch_norm(x, gamma, beta, running, variance, True, momentum, eps)
        assert torch.allclose(y, F.batch_norm(x, before[0].clone(), before[1].clone(), gamma, beta, True, momentum, eps))
        name = f"{n}x{c}x{h}x{w}"
        case("batchnorm/" + name, "batchnorm", {"Epsilon": 1e-5, "Momentum": 0.1},
             [x, vector(gamma), vector(beta), vector(before[0]), vector(before[1])],
             [y, vector(running), vector(variance), vector(mean), vector(inv)])
        if n * h * w > 2:  # with two values a channel dx vanishes but for rounding
            dy = normal(n, c, h, w)
            y.backward(dy)
            case("batchnorm_gradient/" + name, "batchnorm_gradient", {}, [x, vector(gamma), vector(mean), vector(inv), dy],
                 [x.grad, vector(gamma.grad), vector(beta.grad)])
        case("batchnorm_inference/" + name, "batchnorm_inference", {"Epsilon": 1e-5},
             [x, vector(gamma), vector(beta), vector(before[0]), vector(before[1])],
             [F.batch_norm(x, before[0], before[1], gamma, beta, False, 0, eps)])


def activations():
    for act in range(5):
        x = normal(2, 5, 3, 7)
        x.view(-1)[:5] = torch.tensor([0.0, -0.0, 20.0, -20.0, f32(1e-6)])
        x.requires_grad_()
        dy = normal(2, 5, 3, 7)
        y = activation(x, act, f32(0.2))
        y.backward(dy)
        case(f"activate/{act}", "activate", {"Activation": act, "Slope": 0.2}, [x], [y])
        case(f"activate_gradient/{act}", "activate_gradient", {"Activation": act, "Slope": 0.2}, [x, dy], [x.grad])


def arranged():
    x = normal(2, 5, 3, 4)
    for shape in ((2, 5, 3, 4), (1, 5, 1, 1), (2, 1, 3, 1), (1, 1, 1, 1), (1, 1, 1, 4)):
        b = normal(*shape)
        case(f"add/{shape}", "add", {}, [x, b], [x + b])
        case(f"multiply/{shape}", "multiply", {}, [x, b], [x * b])
        case(f"expand/{shape}", "expand", {"To": [2, 5, 3, 4]}, [b], [b.expand(2, 5, 3, 4)])
    for axis in range(4):
        other = normal(*[3 if a == axis else e for a, e in enumerate(x.shape)])
        case(f"concat/{axis}", "concat", {"Axis": axis}, [x, other, x], [torch.cat([x, other, x], axis)])
        length = x.shape[axis] - 1
        part = x.narrow(axis, 1, length)
        case(f"slice/{axis}", "slice", {"Axis": axis, "Start": 1, "Length": length}, [x], [part])
        around = [0] * 8
        around[2 * (3 - axis)], around[2 * (3 - axis) + 1] = 2, 3
        case(f"embed/{axis}", "embed", {"Axis": axis, "Start": 2, "Length": length + 5}, [part], [F.pad(part, around)])
    for axes in ((2, 3), (0, 2, 3), (1,), (0, 1, 2, 3), (3,), (0,), (2,), (0, 1)):
        over = {f"Over{'NCHW'[a]}": True for a in axes}
        for kind, y in ((SUM, x.sum(axes, True)), (MEAN, x.mean(axes, True)), (MAX, x.amax(axes, True))):
            case(f"reduce/{kind} {axes}", "reduce", {"Kind": kind, **over}, [x], [y])
    rows = normal(1, 7, 1, 12)
    index = torch.tensor([3, 0, 11, 3, 3, 5])
    case("gather/repeated", "gather", {}, [rows, index[None, None, None].double()], [rows.index_select(3, index)])


def losses():
    margin = 0.5
    for real_count, fake_count in ((20, 20), (7, 30)):
        real, fake = normal(1, 1, 1, real_count), normal(1, 1, 1, fake_count)
        real.view(-1)[0], fake.view(-1)[0] = margin, -margin
        real.requires_grad_(), fake.requires_grad_()
        loss = torch.clip(margin - real, min=0).mean() + torch.clip(margin + fake, min=0).mean()
        g = normal(1)
        loss.backward(g[0])
        name = f"{real_count} {fake_count}"
        case("truncated_l1/" + name, "truncated_l1", {"Margin": margin}, [real, fake], [loss.reshape(1)])
        case("truncated_l1_gradient/" + name, "truncated_l1_gradient", {"Margin": margin}, [real, fake, g], [real.grad, fake.grad])


def adams():
    beta1, beta2, eps, rate = f32(0.9), f32(0.999), f32(1e-8), f32(2e-3)
    for name, optimiser, decay, decoupled in (
            ("plain", torch.optim.Adam, 0.0, False), ("decay", torch.optim.Adam, 1e-2, False), ("decoupled", torch.optim.AdamW, 1e-2, True)):
        p = normal(3, 4, 2, 1).requires_grad_()
        step = optimiser([p], lr=rate, betas=(beta1, beta2), eps=eps, weight_decay=f32(decay))
        m, v = torch.zeros_like(p), torch.zeros_like(p)
        for t in range(1, 7):
            p.grad = normal(*p.shape, scale=0.1 * t)
            scalars = torch.tensor([rate, 1 - beta1**t, 1 - beta2**t])
            inputs = [p.detach().clone(), p.grad.clone(), m.clone(), v.clone(), scalars]
            step.step()
            m, v = step.state[p]["exp_avg"], step.state[p]["exp_avg_sq"]
            case(f"adam/{name} {t}", "adam", {"Beta1": 0.9, "Beta2": 0.999, "Epsilon": 1e-8, "WeightDecay": decay, "Decoupled": decoupled}, inputs, [p, m, v])
            # The next step begins from what float32 holds, as it does in Go.
            with torch.no_grad():
                for state in (p, m, v):
                    state.copy_(rounded(state))


def save(path):
    header, body = {"__metadata__": {"by": f"PyTorch {torch.__version__}, SciPy {scipy.__version__}", "cases": json.dumps(cases)}}, b""
    for name in sorted(tensors):
        a = tensors[name]
        header[name] = {"dtype": "F32", "shape": list(a.shape), "data_offsets": [len(body), len(body) + a.nbytes]}
        body += a.tobytes()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + body)


for part in (convs, linears, pools, resizes, patch_pools, blurs, batch_norms, activations, arranged, losses, adams):
    part()
save(sys.argv[1])
print(f"{len(cases)} cases, {sum(a.nbytes for a in tensors.values())} bytes of values")
