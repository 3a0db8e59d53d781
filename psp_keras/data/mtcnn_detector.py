"""The package mtcnn, with its own weights and nobody else's."""

import dataclasses
import functools
from pathlib import Path

import keras
import numpy as np

from psp_keras.errors import UserError

_SMALLEST = 24  # pixels: the package fails on pictures in which no face fits


@dataclasses.dataclass(frozen=True)
class Detection:
    """What may be a face.

    Attributes:
        picture: number of the picture.
        box: `(4,)`, left, top, right, bottom.
        landmarks: `(5, 2)`, see `Face`.
        confidence: up to 1.
    """

    picture: int
    box: np.ndarray
    landmarks: np.ndarray
    confidence: float


class Detector:
    """Finds upright faces of 20 pixels and more; see `load_detector`."""

    def __init__(self, network):
        self._network = network

    def detect(self, pictures):
        """Finds what may be faces.

        Args:
            pictures: list of uint8 `(H, W, 3)`, all of one shape.

        Returns:
            List of `Detection`.
        """
        if min(pictures[0].shape[:2]) < _SMALLEST:
            return []
        pictures = [picture.astype("float32") for picture in pictures]
        rows = self._network.detect_faces(pictures, output_type="numpy", box_format="xyxy")
        return [
            Detection(int(row[0]), row[1:5], np.stack([row[6:11], row[11:16]], axis=1), float(row[5]))
            for row in np.asarray(rows, "float64")
        ]


@functools.cache
def load_detector():
    """Returns the `Detector`, loaded once.

    Raises:
        UserError: the package is not installed, or Keras does not compute with TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise UserError(f"Finding faces needs Keras with TensorFlow, not with {keras.backend.backend()}.")
    try:
        import mtcnn
        from mtcnn.stages import StageONet, StagePNet, StageRNet
    except ImportError as error:
        raise UserError("Finding faces needs the package mtcnn: pip install 'psp-keras[align]'.") from error
    # By absolute paths: a bare name is looked for in the working directory first, and unpickled.
    weights = Path(mtcnn.__file__).resolve().parent / "assets" / "weights"
    files = {StagePNet: "pnet.lz4", StageRNet: "rnet.lz4", StageONet: "onet.lz4"}
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")  # the package builds layers of whatever type is set
    try:
        return Detector(mtcnn.MTCNN([stage(weights=str(weights / name)) for stage, name in files.items()]))
    finally:
        keras.config.set_dtype_policy(policy)
