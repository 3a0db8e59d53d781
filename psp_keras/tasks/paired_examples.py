import numpy as np

from psp_keras.data.image_files import read_image
from psp_keras.data.pairs import match_pairs
from psp_keras.tasks.folder_examples import FolderExamples


class PairedExamples(FolderExamples):
    """Examples from two folders, sources and targets matched by file name.

    Args:
        task: `Task`.
        size: pixels of source and target.
        folder: `(source, target)` folders.
        validation: `(source, target)` folders for validation; see `FolderExamples`.
        on_left_out: called with a line for each file that is left out.
    """

    def list_items(self, folder):
        return match_pairs(*folder, self.on_left_out)

    def source_path(self, item):
        return item[0]

    def name_to_hash(self, item):
        return item[0].stem

    def read(self, item):
        source, target = item
        return np.concatenate([self.inputs.read(source), read_image(target, self.size)], axis=-1)
