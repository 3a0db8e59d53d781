"""The translation tasks of the paper, one small file each, and what turns files into their training data."""

from psp_keras.lazy import lazy_exports

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
