"""The translation tasks of the paper, one small file each, and what turns files into their training data."""

from typing import TYPE_CHECKING

from psp_keras.lazy import lazy_exports

if TYPE_CHECKING:  # what editors see of the names below
    from psp_keras.tasks.encoder_inputs import EncoderInputs as EncoderInputs
    from psp_keras.tasks.examples import Examples as Examples
    from psp_keras.tasks.folder_examples import FolderExamples as FolderExamples
    from psp_keras.tasks.mini_faces_examples import MiniFacesExamples as MiniFacesExamples
    from psp_keras.tasks.paired_examples import PairedExamples as PairedExamples
    from psp_keras.tasks.places import Places as Places
    from psp_keras.tasks.places import open_examples as open_examples
    from psp_keras.tasks.places import task_at as task_at
    from psp_keras.tasks.registry import TASKS as TASKS
    from psp_keras.tasks.registry import get_task as get_task
    from psp_keras.tasks.task import Task as Task

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "task": "Task",
        "registry": "TASKS get_task",
        "encoder_inputs": "EncoderInputs",
        "examples": "Examples",
        "folder_examples": "FolderExamples",
        "mini_faces_examples": "MiniFacesExamples",
        "places": "Places open_examples task_at",
        "paired_examples": "PairedExamples",
    },
)
