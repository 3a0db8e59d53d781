"""Files of directions that others computed, told apart by what is in them."""

from pathlib import Path

from psp_keras.editing.ganspace_directions import read_ffhq_edits, read_ganspace
from psp_keras.editing.interfacegan_directions import read_boundary
from psp_keras.editing.torch_arrays import holds_tensor
from psp_keras.errors import UserError


def read_published(path, style_dim=512):
    """Reads the directions of a file.

    Args:
        path: `.pt` of encoder4editing (a direction, or `ffhq_pca.pt`, which gives the edits that its notebook names and
            every component), `.npy` of InterFaceGAN, or `.npz` of GANSpace.
        style_dim: size of a style.

    Returns:
        `{name: Direction}`.

    Raises:
        UserError: the file is missing, damaged or of another kind.
    """
    path = Path(path)
    if path.suffix not in (".pt", ".pth", ".npy", ".npz"):
        raise UserError(f"{path}: directions are read from .pt, .npy and .npz files.")
    if path.suffix == ".npz":
        return read_ganspace(path)
    if path.suffix == ".npy" or holds_tensor(path):
        direction = read_boundary(path, style_dim=style_dim)
        return {direction.name: direction}
    named = read_ffhq_edits(path) if path.name == "ffhq_pca.pt" else {}
    return named | read_ganspace(path)
