"""The translation tasks of the paper, one small file each, and what turns files into their training data."""

from psp_keras.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "task": "Task",
        "registry": "TASKS get_task",
        "task_data": "TaskData",
    },
)
