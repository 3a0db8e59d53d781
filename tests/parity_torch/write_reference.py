"""Writes what pSp's super-resolution transform makes of a picture, with PyTorch and Pillow, for
`tests/test_sources.py`. The filter is built from its definition: cubic, a = -0.5, 4 * factor taps.

    pip install -r tests/parity_torch/requirements.txt
    python tests/parity_torch/write_reference.py tests/data/low_resolution.npz
"""

import sys

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

SIZE = 128


def picture():
    rng = np.random.RandomState(3)
    y, x = np.mgrid[:SIZE, :SIZE]
    waves = [127 + 60 * np.sin(x / (7 + c)) + 60 * np.cos(y / (5 + c)) for c in range(3)]
    noisy = np.stack(waves, axis=-1) + 20 * rng.randn(SIZE, SIZE, 1) * (x > SIZE // 2)[..., None]
    return noisy.clip(0, 255).astype(np.uint8)


def cubic(x, a=-0.5):
    x = abs(x)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0


def degrade(image, factor):
    taps = torch.tensor([cubic((i - 2 * factor + 0.5) / factor) for i in range(4 * factor)])
    taps = taps / taps.sum()
    before, after = 3 * factor // 2, 3 * factor - 3 * factor // 2
    x = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    x = F.pad(x, (0, 0, before, after), "reflect")
    x = F.conv2d(x, taps.view(1, 1, -1, 1).repeat(3, 1, 1, 1), stride=(factor, 1), groups=3)
    x = F.pad(x, (before, after, 0, 0), "reflect")
    x = F.conv2d(x, taps.view(1, 1, 1, -1).repeat(3, 1, 1, 1), stride=(1, factor), groups=3)
    small = (x[0].clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy()
    return np.asarray(Image.fromarray(small).resize((SIZE, SIZE), Image.Resampling.BILINEAR))


if __name__ == "__main__":
    image = picture()
    results = {f"factor_{factor}": degrade(image, factor) for factor in (1, 2, 4, 8, 16, 32)}
    np.savez_compressed(sys.argv[1], image=image, **results)
