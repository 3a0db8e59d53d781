"""The photos that tests of alignment share, and what the published code made of them."""

import functools
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from psp_keras.data.landmarks import read_landmarks

_FOLDER = Path(__file__).parent / "data"
VARIANTS = ("plain", "rotated", "small", "large", "near_border", "cut")


def astronaut(variant="plain"):
    """`skimage.data.astronaut()` (NASA, public domain) as the golden crops saw it, uint8 `(H, W, 3)`."""
    picture = Image.fromarray(skimage.data.astronaut())
    change = {
        "plain": lambda: picture,
        "rotated": lambda: picture.rotate(25, Image.Resampling.BICUBIC, expand=True, fillcolor=(90, 90, 90)),
        "small": lambda: picture.resize((200, 200), Image.Resampling.LANCZOS),
        "large": lambda: picture.resize((2048, 2048), Image.Resampling.LANCZOS),
        "near_border": lambda: picture.crop((150, 0, 512, 300)),
        "cut": lambda: picture.crop((180, 60, 420, 300)),
    }
    return np.asarray(change[variant]())


@functools.cache
def dlib_landmarks():
    """The 68 points that dlib found in each variant."""
    return {name: faces[0] for name, faces in read_landmarks(_FOLDER / "ffhq_landmarks.json").items()}


@functools.cache
def published_crops():
    """The crop that the published pSp cut out of each variant, uint8 `(256, 256, 3)`."""
    return dict(np.load(_FOLDER / "ffhq_alignment.npz"))


def five_of(landmarks):
    """The five points that 68 contain."""
    left, right = landmarks[36:42].mean(axis=0), landmarks[42:48].mean(axis=0)
    return np.stack([left, right, landmarks[30], landmarks[48], landmarks[54]])


def portrait(size=160):
    """The astronaut's head, uint8 `(size, size, 3)`."""
    head = Image.fromarray(astronaut()[10:230, 115:335])
    return np.asarray(head.resize((size, size), Image.Resampling.LANCZOS))


def collage(pictures, columns):
    """Pictures of one shape side by side, a little apart, on grey."""
    framed = [np.pad(picture, ((24, 24), (24, 24), (0, 0)), constant_values=150) for picture in pictures]
    return np.concatenate([np.concatenate(framed[i : i + columns], axis=1) for i in range(0, len(framed), columns)])
