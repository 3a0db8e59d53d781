import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from psp_keras.data.mini_faces.face_attributes import Person, Scene, attribute_vector, random_person, random_scene
from psp_keras.data.mini_faces.face_renderer import LABELS, STYLES, locate_landmarks, render
from psp_keras.errors import UserError

_SPLITS = ("train", "test")


@dataclasses.dataclass(frozen=True)
class FaceSample:
    """One MiniFaces sample.

    Attributes:
        image: uint8 `(size, size, 3)`.
        segmentation: uint8 `(size, size)`, indices into `MiniFaces.labels`.
        sketch: uint8 `(size, size)`, dark lines on white.
        frontal: uint8 `(size, size, 3)`, the same person, expression and light with the head held straight.
        landmarks: float64 `(5, 2)`, left eye, right eye, tip of the nose, left and right corner of the mouth.
        identity: number of the person.
        person: the traits of the person.
        scene: pose, expression, light and background.
    """

    image: np.ndarray
    segmentation: np.ndarray
    sketch: np.ndarray
    frontal: np.ndarray
    landmarks: np.ndarray
    identity: int
    person: Person
    scene: Scene

    @property
    def attributes(self) -> dict[str, Any]:
        """Every trait and scene value by name."""
        return {**dataclasses.asdict(self.person), **dataclasses.asdict(self.scene)}


class MiniFaces:
    """An endless procedural world of faces: nothing is downloaded, sample `i` of a seed is always the same.

    Args:
        size: pixels of the square images.
        seed: which world.
        split: `"train"` or `"test"`; no person is in both.
        num_identities: how many people there are; sample `i` shows person `i % num_identities`.
            `None` makes every sample another person.
        style: `"photo"`, or `"cartoon"`: the same people and scenes as a cartoonist draws them.

    Raises:
        UserError: `split` or `style` is none of these, or `size` is below 16.

    Example:
        >>> faces = MiniFaces(size=64)
        >>> faces[7].image.shape, faces[7].identity
        ((64, 64, 3), 7)
        >>> faces.images(range(100)).shape
        (100, 64, 64, 3)
    """

    labels = LABELS

    def __init__(
        self,
        size: int = 64,
        seed: int = 0,
        split: str = "train",
        num_identities: int | None = None,
        style: str = "photo",
    ):
        if split not in _SPLITS:
            raise UserError(f"`split` must be one of {_SPLITS}, got {split!r}.")
        if style not in STYLES:
            raise UserError(f"`style` must be one of {STYLES}, got {style!r}.")
        if size < 16:
            raise UserError(f"`size` must be at least 16, got {size}.")
        self.size = size
        self.seed = seed
        self.split = split
        self.num_identities = num_identities
        self.style = style

    def __getitem__(self, index: int) -> FaceSample:
        """Returns sample `index` (any non-negative integer) with all its maps.

        Raises:
            IndexError: the number is negative.
        """
        person, scene = self.describe(index)
        image, segmentation, sketch = render(person, scene, self.size, with_maps=True, style=self.style)
        frontal = render(person, scene.frontal(), self.size, style=self.style)[0]
        landmarks = self.landmarks([index])[0]
        return FaceSample(image, segmentation, sketch, frontal, landmarks, self.identity(index), person, scene)

    def describe(self, index: int) -> tuple[Person, Scene]:
        """Returns the `(person, scene)` of a sample without drawing it.

        Raises:
            IndexError: the number is negative.
        """
        person = random_person(self._rng(0, self.identity(index)))
        return person, random_scene(self._rng(1, index))

    def identity(self, index: int) -> int:
        """Returns the number of the person that sample `index` shows.

        Raises:
            IndexError: the number is negative.
        """
        if index < 0:
            raise IndexError(f"MiniFaces has no sample {index}.")
        return index if self.num_identities is None else index % self.num_identities

    def images(self, indices: Iterable[int]) -> np.ndarray:
        """Draws only the pictures, which is several times as fast.

        Args:
            indices: sample numbers.

        Returns:
            uint8 `(len(indices), size, size, 3)`.

        Raises:
            IndexError: a number is negative.
        """
        return np.stack([render(*self.describe(int(index)), self.size, style=self.style)[0] for index in indices])

    def maps(self, indices: Iterable[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draws pictures with their maps.

        Args:
            indices: sample numbers.

        Returns:
            `(images, segmentations, sketches)`: uint8 `(N, size, size, 3)`, `(N, size, size)`, `(N, size, size)`.

        Raises:
            IndexError: a number is negative.
        """
        drawn = [render(*self.describe(int(i)), self.size, with_maps=True, style=self.style) for i in indices]
        return tuple(np.stack(part) for part in zip(*drawn))

    def frontals(self, indices: Iterable[int]) -> np.ndarray:
        """Draws the same faces with the head held straight, uint8 `(len(indices), size, size, 3)`.

        Raises:
            IndexError: a number is negative.
        """
        scenes = [self.describe(int(index)) for index in indices]
        return np.stack([render(person, scene.frontal(), self.size, style=self.style)[0] for person, scene in scenes])

    def landmarks(self, indices: Iterable[int]) -> np.ndarray:
        """Returns where the eyes, the tip of the nose and the corners of the mouth are, as `align_face` takes them.

        Args:
            indices: sample numbers.

        Returns:
            float64 `(len(indices), 5, 2)`, pixels `(x, y)`; what hides a point, such as glasses, does not move it.

        Raises:
            IndexError: a number is negative.
        """
        scenes = [self.describe(int(index)) for index in indices]
        return np.stack([locate_landmarks(person, scene, self.size, self.style) for person, scene in scenes])

    def attribute_vectors(self, indices: Iterable[int]) -> np.ndarray:
        """Returns `attribute_vector` of every sample, `(len(indices), attributes)`.

        Raises:
            IndexError: a number is negative.
        """
        return np.stack([attribute_vector(*self.describe(int(index))) for index in indices])

    def _rng(self, stream, number):
        return np.random.default_rng([self.seed, _SPLITS.index(self.split), stream, number])
