"""How much faster is our generator than the textbook one in PyTorch? Both draw the same images, in turns, in one run.

    python benchmarks/peer_torch.py

The textbook generator is written here as StyleGAN2's paper describes it: a kernel modulated for each sample, in one
grouped convolution, an up-sampling transposed convolution and a blur of its own. It takes the weights of ours, and
the largest difference of the images is printed. PyTorch is no part of the package: `make bench` installs it.
"""

import argparse
import math

import numpy as np
from timing import keras, machine, medians, record

from psp_keras.models import StyleGAN2Generator

try:
    import torch
    from torch.nn import functional as F
except ImportError as error:
    raise SystemExit("peer_torch.py: PyTorch is not installed; `make bench` installs it.") from error

TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dtypes", nargs="+", default=["float32", "mixed_bfloat16"])
    parser.add_argument("--resolution", type=int, default=1024, choices=(64, 128, 256, 512, 1024))
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 4])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", help="file to append the results to, a line of JSON each")
    options = parser.parse_args()
    print(f"{machine()}, PyTorch {torch.__version__}")
    for dtype in options.dtypes:
        for batch in options.batches:
            compare(dtype, options.resolution, batch, options.rounds, options.results)


def compare(dtype, resolution, batch, rounds, results):
    """Times both generators in turns and prints the ratio."""
    keras.utils.set_random_seed(0)
    ours = StyleGAN2Generator(resolution, dtype=dtype)
    ours.build()
    theirs = TextbookSynthesis(ours.synthesis, torch.bfloat16 if dtype == "mixed_bfloat16" else torch.float32)
    latents = np.random.default_rng(0).normal(size=(batch, ours.num_styles, ours.style_dim)).astype("float32")
    runs = {"ours": lambda: ours.synthesis.predict_on_batch(latents), "textbook": lambda: theirs(latents)}
    images, others = (run() for run in runs.values())
    difference = np.abs(images - others.transpose(0, 2, 3, 1)).max() / np.abs(images).max()
    seconds = medians(runs, rounds)
    ratio = seconds["textbook"] / seconds["ours"]
    print(
        f"generator {resolution}, {dtype}, batch {batch}: textbook PyTorch {seconds['textbook']:.2f} s, "
        f"ours {seconds['ours']:.2f} s, {ratio:.1f} times as fast; images differ by {difference:.1e} of their range",
        flush=True,
    )
    record(results, "peer", dtype, batch=batch, resolution=resolution, **seconds)


class TextbookSynthesis:
    """StyleGAN2's synthesis network with the weights of a `SynthesisNetwork`, NCHW."""

    def __init__(self, network, dtype):
        self.dtype = dtype
        self.constant = self._tensor(network.constant).permute(2, 0, 1)[None]
        self.convs = [self._style_block(layer) for layer in network.convs]
        self.up_convs = [self._style_block(layer) for layer in network.up_convs]
        self.to_rgbs = [
            {**self._modulated(layer.conv), "bias": self._tensor(layer.bias)[:, None, None]}
            for layer in network.to_rgbs
        ]

    @torch.inference_mode()
    def __call__(self, latents):
        styles = torch.from_numpy(latents).to(self.dtype).unbind(1)
        x, image = self.constant.repeat(len(latents), 1, 1, 1), None
        for level, (conv, to_rgb) in enumerate(zip(self.convs, self.to_rgbs)):
            if level:
                x = style_block(x, styles[2 * level - 1], self.up_convs[level - 1], up=True)
            x = style_block(x, styles[2 * level], conv)
            rgb = modulated_conv(x, styles[2 * level + 1], to_rgb, demodulate=False) + to_rgb["bias"]
            image = rgb if image is None else rgb + upsample(image)
        return image.float().numpy()

    def _style_block(self, layer):
        return {
            **self._modulated(layer.conv),
            "noise": self._tensor(layer.noise.noise)[None, :, :, 0] * self._tensor(layer.noise.strength),
            "bias": self._tensor(layer.bias)[:, None, None],
        }

    def _modulated(self, conv):
        dense = conv.modulation
        return {
            "kernel": self._tensor(conv.kernel).permute(3, 2, 0, 1) * conv.scale,
            "modulation": self._tensor(dense.kernel).T * dense.scale,
            "modulation_bias": self._tensor(dense.bias),
        }

    def _tensor(self, variable):
        return torch.tensor(keras.ops.convert_to_numpy(variable), dtype=self.dtype)


def style_block(x, style, weights, up=False):
    """Modulated convolution, noise, bias and activation (StyleGAN2, figure 2c)."""
    x = modulated_conv(x, style, weights, up=up) + weights["noise"] + weights["bias"]
    return F.leaky_relu(x, 0.2) * math.sqrt(2.0)


def modulated_conv(x, style, weights, up=False, demodulate=True):
    """One grouped convolution with a kernel for each sample (StyleGAN2, equations 1 to 3)."""
    count, channels, height, width = x.shape
    scales = F.linear(style, weights["modulation"], weights["modulation_bias"])
    kernels = weights["kernel"][None] * scales[:, None, :, None, None]
    if demodulate:
        kernels = kernels * torch.rsqrt(kernels.square().sum((2, 3, 4), keepdim=True) + 1e-8)
    x = x.reshape(1, count * channels, height, width)
    if up:
        kernels = kernels.transpose(1, 2).flatten(0, 1)
        x = F.conv_transpose2d(x, kernels, stride=2, groups=count)
        return blur(x.reshape(count, -1, *x.shape[2:]), gain=4.0, padding=1)
    side = kernels.shape[-1] // 2
    x = F.conv2d(x, kernels.flatten(0, 1), padding=side, groups=count)
    return x.reshape(count, -1, height, width)


def upsample(image):
    """Doubles the size of an image: zeros between the pixels, then the blur."""
    count, channels, height, width = image.shape
    spread = image.new_zeros(count, channels, height, 2, width, 2)
    spread[:, :, :, 0, :, 0] = image
    return blur(F.pad(spread.reshape(count, channels, 2 * height, 2 * width), (2, 1, 2, 1)), gain=4.0)


def blur(x, gain, padding=0):
    """The [1, 3, 3, 1] low-pass filter."""
    channels = x.shape[1]
    kernel = (gain * TAPS[:, None] * TAPS[None]).to(x.dtype).expand(channels, 1, 4, 4)
    return F.conv2d(x, kernel, padding=padding, groups=channels)


if __name__ == "__main__":
    main()
