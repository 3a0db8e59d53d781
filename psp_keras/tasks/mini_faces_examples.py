import numpy as np

from psp_keras.data.image_files import to_float
from psp_keras.data.image_source import ArraySource, draw_mini_faces
from psp_keras.data.mini_faces import MiniFaces
from psp_keras.tasks.examples import Examples


class MiniFacesExamples(Examples):
    """Examples drawn from MiniFaces, where the truth is known: the frontal view, and the cartoon.

    Args:
        task: `Task`.
        size: pixels of source and target.
        style: `"photo"` or `"cartoon"`.
        count: faces to learn from.
        seed: which world; that of validation is the next one.
    """

    def __init__(self, task, size, style="photo", count=20000, seed=0):
        super().__init__(task, size)
        self.style = style
        self.count = count
        self.seed = seed

    def open_training(self):
        faces = MiniFaces(self.size, self.seed, style=self.style)
        return ArraySource(draw_mini_faces(faces, self.count, lambda part: self.draw(faces, part)))

    def stored_validation(self, count):
        return self.draw(MiniFaces(self.size, self.seed + 1, style=self.style), range(count))

    def test(self, count):
        faces, indices = MiniFaces(self.size, split="test", style=self.style), range(count)
        sources, targets = self.whole(self.draw(faces, indices))
        if self.task.name == "frontalization":
            targets = to_float(faces.frontals(indices))
        elif self.task.name == "toonify":
            targets = to_float(MiniFaces(self.size, split="test", style="cartoon").images(indices))
        return [f"test_{index:05d}" for index in indices], sources, targets

    def draw(self, faces, indices):
        """Draws stored examples, uint8 `(N, size, size, C)`."""
        if not self.task.paired:
            return faces.images(indices)
        images, segmentations, sketches = faces.maps(indices)
        maps = sketches if self.task.source == "sketch" else segmentations
        return np.concatenate([maps[..., None], images], axis=-1)
