"""Photo files as aligned faces."""

from pathlib import Path

from psp_keras.data.alignment import align_face, angle_of, face_quad, side_of
from psp_keras.data.face_choices import FACES
from psp_keras.data.image_files import read_photo
from psp_keras.data.landmarks import read_landmarks
from psp_keras.errors import UserError, print_note

_TURNED = 45  # degrees from which on the user is told


class FacePhotos:
    """Reads the faces of photo files, aligned.

    Args:
        size: pixels of the crops.
        faces: `"largest"` for one face a photo, or `"all"`.
        landmarks: JSON file of the faces in the photos, see `read_landmarks`; without it, `find_faces` looks for them.

    Attributes:
        faces: as given.

    Raises:
        UserError: the file of landmarks cannot be read.

    Example:
        >>> psp_keras.data.write_image("me.png", psp_keras.data.MiniFaces(size=128).images([5])[0])
        >>> [face.image.shape for face in FacePhotos(size=256).read("me.png")]
        [(256, 256, 3)]
    """

    def __init__(self, size=256, faces="largest", landmarks=None):
        if faces not in FACES:
            raise UserError(f"`faces` must be one of {', '.join(FACES)}, got {faces!r}.")
        self._size = size
        self.faces = faces
        self._file = landmarks
        self._known = None if landmarks is None else read_landmarks(landmarks)

    def read(self, path):
        """Returns the faces in a photo, `AlignedFace`, the largest first.

        Raises:
            UserError: the photo cannot be read or holds no face; the message names it.
        """
        return [face for _, face in self.read_with_landmarks(path)]

    def read_one(self, path):
        """Returns the crop of the largest face, uint8 `(size, size, 3)`; raises as `read` does."""
        return self.read(path)[0].image

    def read_with_landmarks(self, path):
        """Returns `(landmarks, AlignedFace)` of every face; raises as `read` does."""
        photo = read_photo(path)
        try:
            found = sorted(self._locate(path, photo), key=lambda points: side_of(face_quad(points)), reverse=True)
            chosen = found if self.faces == "all" else found[:1]
            aligned = [(points, align_face(photo, points, self._size)) for points in chosen]
        except UserError as error:
            raise UserError(f"{path}: {error}") from error
        for _, face in aligned:
            angle = angle_of(face.quad)
            if abs(angle) > _TURNED:
                print_note(f"{path}: a face is turned by {angle:.0f} degrees; its crop is upright.")
        return aligned

    def _locate(self, path, photo):
        if self._known is None:
            from psp_keras.data.face_detection import find_faces  # it imports TensorFlow; known landmarks need none

            found = [face.landmarks for face in find_faces(photo)]
            if not found:
                raise UserError("there is no face in it.")
            return found
        names = (str(path), Path(path).name, Path(path).stem)
        found = next((self._known[name] for name in names if name in self._known), None)
        if not found:
            raise UserError(f"{self._file} has no landmarks for it.")
        return found
