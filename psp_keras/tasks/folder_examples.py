import functools

from psp_keras.data.image_files import list_images
from psp_keras.data.image_source import open_files, read_images
from psp_keras.data.pairs import held_out
from psp_keras.errors import UserError, print_left_out
from psp_keras.tasks.examples import Examples


class FolderExamples(Examples):
    """Examples from a folder of pictures, each its own target.

    5 % of them, by a hash of their names, are held out, unless there is a folder for validation.

    Args:
        task: `Task`.
        size: pixels of source and target.
        folder: the folder.
        validation: folder for validation.
        on_left_out: called with a line for each file that is left out.

    Raises:
        UserError: a folder is missing, or holds too few pictures.
    """

    def __init__(self, task, size, folder, validation=None, on_left_out=print_left_out):
        super().__init__(task, size)
        self.folder = folder
        self.validation_folder = validation
        self.on_left_out = on_left_out

    def open_training(self):
        return open_files(self._split[0], self.size, self.on_left_out, self.read)

    def stored_validation(self, count):
        return read_images(self._split[1][:count], self.read, self.on_left_out)[1]

    def test(self, count):
        items, stored = read_images(self.items[:count], self.read, self.on_left_out)
        return [str(self.source_path(item)) for item in items], *self.whole(stored)

    @functools.cached_property
    def items(self):
        """Every example of the folder, sorted."""
        return self.list_items(self.folder)

    def list_items(self, folder):
        """Returns what `read` takes, for each example in a folder."""
        return list_images(folder)

    def source_path(self, item):
        """Returns the path of an example's source."""
        return item

    def read(self, item):
        """Reads one stored example, uint8 `(size, size, C)`."""
        return self.inputs.read(item)

    @functools.cached_property
    def _split(self):
        """The examples to learn from, and the held-out ones."""
        if self.validation_folder:
            return self.items, self.list_items(self.validation_folder)
        chosen = [item for item in self.items if held_out(self.name_to_hash(item))] or self.items[:1]
        rest = [item for item in self.items if item not in set(chosen)]
        if not rest:
            raise UserError(f"{self.folder} holds one example; training and validation need at least two.")
        return rest, chosen

    def name_to_hash(self, item):
        """Returns the name that decides whether an example is held out."""
        return item.name
