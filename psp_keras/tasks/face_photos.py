from psp_keras.data.face_photos import FacePhotos
from psp_keras.errors import UserError, print_note


def open_face_photos(task, size, faces="largest", landmarks=None):
    """Opens photos whose faces are aligned for a task.

    Args:
        task: `Task`.
        size: see `FacePhotos`.
        faces: see `FacePhotos`.
        landmarks: see `FacePhotos`.

    Returns:
        `FacePhotos`.

    Raises:
        UserError: the task reads no photos, or is not about faces.
    """
    if task.source != "photo":
        raise UserError(f"`align` is for photos of faces, and the task {task.name} reads a {task.source}.")
    check_faces(task)
    return FacePhotos(size, faces, landmarks)


def check_faces(task):
    """Raises a `UserError` when a task is not about faces; tells the user where that is not certain."""
    if task.losses.get("moco"):  # it stands where faces have the identity loss
        raise UserError(f"`align` is for faces, and the task {task.name} is about something else.")
    if not task.losses.get("id"):
        print_note(f"the task {task.name} learned without the identity loss: is it about faces? Alignment is for them.")
