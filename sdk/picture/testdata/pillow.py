"""Makes the golden pictures of this folder with Pillow (python3 pillow.py).

Each case is a source NAME.png and, resized by Pillow, NAME.<what>.png:
fit<W>x<H> is the whole picture made <W>x<H> large; paper is resize 329 and crop
288 with torchvision's rounding. 16-bit pictures are resized in Pillow's mode F
and stored as little-endian float32.
"""
import os
import random

from PIL import Image, ImageDraw

here = os.path.dirname(os.path.abspath(__file__))


def noise(mode, size, seed):
    """Hard edges, ramps and noise: what a filter gets wrong shows."""
    rng = random.Random(seed)
    w, h = size
    img = Image.new("RGB", size)
    px = img.load()
    for y in range(h):
        for x in range(w):
            px[x, y] = (255 * x // w, 255 * y // h, 255 * ((x // 7 + y // 5) % 2))
    draw = ImageDraw.Draw(img)
    for _ in range(40):
        x, y = rng.randrange(w), rng.randrange(h)
        box = (x, y, x + rng.randrange(w), y + rng.randrange(h))
        draw.rectangle(box, outline=tuple(rng.randrange(256) for _ in range(3)))
    for _ in range(w * h // 8):
        px[rng.randrange(w), rng.randrange(h)] = tuple(rng.choice((0, 255, rng.randrange(256))) for _ in range(3))
    return img.convert(mode)


def save(name, img):
    img.save(os.path.join(here, name + ".png"), optimize=True)


def fit(size, box):
    (w, h), (bw, bh) = size, box
    if w * bh >= h * bw:
        return bw, max(1, (2 * h * bw + w) // (2 * w))
    return max(1, (2 * w * bh + h) // (2 * h)), bh


def paper(img, resize=329, crop=288):
    w, h = img.size
    size = (resize, resize * h // w) if w <= h else (resize * w // h, resize)
    img = img.resize(size, Image.BILINEAR)
    left, top = (int(round((s - crop) / 2.0)) for s in size)
    return img.crop((left, top, left + crop, top + crop))


def case(name, mode, size, box, seed):
    img = noise(mode, size, seed)
    save(name, img)
    to = fit(size, box)
    save("%s.fit%dx%d" % (name, box[0], box[1]), img.resize(to, Image.BILINEAR))
    return img


case("odd", "RGB", (173, 91), (64, 64), 1)
case("oddgray", "L", (91, 173), (64, 64), 2)
case("up", "RGB", (13, 9), (64, 48), 3)
case("upgray", "L", (9, 13), (48, 64), 4)
case("wide", "RGB", (700, 3), (64, 64), 5)
case("tall", "RGB", (1, 300), (64, 64), 6)
case("same", "RGB", (48, 64), (48, 64), 7)
case("large", "L", (512, 384), (256, 256), 8)

# Too large to be kept: the source is enlarged from a small one by the test.
for name, mode, size in (("paper1024", "RGB", (32, 32)), ("paper900", "L", (30, 40)), ("paperodd", "RGB", (41, 37))):
    factor = {"paper1024": 32, "paper900": 30, "paperodd": 9}[name]
    small = noise(mode, size, len(name) + size[1])
    save(name, small)
    large = small.resize((size[0] * factor, size[1] * factor), Image.NEAREST)
    save(name + ".paper", paper(large))

deep = Image.new("I;16", (75, 50))
rng = random.Random(9)
for y in range(50):
    for x in range(75):
        deep.putpixel((x, y), min(65535, 800 * x + 37 * y + rng.randrange(3000)))
save("deep", deep)
wide = Image.new("F", deep.size)
wide.putdata([float(v) for v in deep.getdata()])
with open(os.path.join(here, "deep.fit32x32.f32"), "wb") as f:
    f.write(wide.resize(fit(deep.size, (32, 32)), Image.BILINEAR).tobytes())

# The picture TestDecodeFormats draws, and one with alpha, as WebP.
scene = Image.new("RGB", (24, 16))
alpha = Image.new("RGBA", (24, 16))
for y in range(16):
    for x in range(24):
        scene.putpixel((x, y), (8 * x, 12 * y, 40 * ((x // 8) ^ (y // 8))))
        alpha.putpixel((x, y), (10 * x, 90, 7, 255 if y < 8 else 10 + 8 * x))
scene.save(os.path.join(here, "scene.lossless.webp"), lossless=True)
scene.save(os.path.join(here, "scene.lossy.webp"), quality=95)
alpha.save(os.path.join(here, "alpha.lossless.webp"), lossless=True)
save("alpha", alpha)
