"""`psp-keras client`: picture files through a server."""

from pathlib import Path

from psp_keras.commands.picture_files import collect_files, name_outputs
from psp_keras.data.image_files import write_image
from psp_keras.errors import UserError, print_left_out
from psp_keras.serving.client import Client


def translate_remotely(url, inputs, output, model="psp", timeout=30.0, workers=8, on_broken=print_left_out):
    """Translates picture files with a server; one that it refuses is reported and left out.

    Args:
        url: of the server, see `Client`.
        inputs: files and folders.
        output: folder for the PNG files, named after their sources.
        model: name that the server has for the model.
        timeout: seconds to wait for an answer.
        workers: requests at once.
        on_broken: called with a line for each file that is left out.

    Returns:
        Paths of the pictures written.

    Raises:
        UserError: an input does not exist, or the server cannot be reached.
    """
    client = Client(url, model, timeout)
    paths = collect_files(inputs)
    targets = name_outputs(paths, Path(output))
    client.status()  # a server that is not there is one mistake, not one for each picture
    written = []
    for path, result in zip(paths, client.translate_many(paths, workers)):
        if isinstance(result, UserError):
            on_broken(f"{path}: {result}")
        else:
            write_image(targets[path], result)
            written.append(targets[path])
    return written
