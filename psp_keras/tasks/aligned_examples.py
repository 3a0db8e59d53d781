from psp_keras.errors import print_left_out
from psp_keras.tasks.face_photos import open_face_photos
from psp_keras.tasks.folder_examples import FolderExamples


class AlignedExamples(FolderExamples):
    """Examples from a folder of photos: the largest face in each, cut out by `align_face`, is its own target.

    Args:
        task: `Task`.
        size: pixels of source and target.
        folder: the folder.
        validation: folder for validation; see `FolderExamples`.
        on_left_out: called with a line for each file that is left out.

    Raises:
        UserError: the task is not about faces.
    """

    def __init__(self, task, size, folder, validation=None, on_left_out=print_left_out):
        super().__init__(task, size, folder, validation, on_left_out)
        self._photos = open_face_photos(task, size)

    def read(self, item):
        return self._photos.read_one(item)
