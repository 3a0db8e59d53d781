"""Finds a task: one of the paper's, or a YAML file of the user's."""

import reprlib
from pathlib import Path

import yaml

from psp_keras.errors import UserError
from psp_keras.tasks.frontalization import FRONTALIZATION
from psp_keras.tasks.inpainting import INPAINTING
from psp_keras.tasks.inversion import INVERSION
from psp_keras.tasks.paired import PAIRED
from psp_keras.tasks.segmentation_to_face import SEGMENTATION_TO_FACE
from psp_keras.tasks.sketch_to_face import SKETCH_TO_FACE
from psp_keras.tasks.super_resolution import SUPER_RESOLUTION
from psp_keras.tasks.task import Task
from psp_keras.tasks.toonify import TOONIFY

TASKS = {
    task.name: task
    for task in (
        INVERSION,
        FRONTALIZATION,
        SKETCH_TO_FACE,
        SEGMENTATION_TO_FACE,
        SUPER_RESOLUTION,
        INPAINTING,
        TOONIFY,
        PAIRED,
    )
}


def get_task(task):
    """Returns a `Task`.

    Args:
        task: a `Task`, its configuration as a dictionary, the name of a built-in one, or the path of a YAML file
            with the attributes of `Task`.

    Raises:
        UserError: there is no such task or file, or the file says something that `Task` does not know.
    """
    if isinstance(task, Task):
        return task
    if isinstance(task, dict):
        return _from_config(task, "The task")
    if not isinstance(task, (str, Path)):
        raise UserError(f"A task is a name, a .yaml file or a dictionary, not {reprlib.repr(task)}.")
    if task in TASKS:
        return TASKS[task]
    if Path(task).suffix in (".yaml", ".yml"):
        return _read(Path(task))
    raise UserError(f"There is no task {str(task)!r}: give one of {', '.join(TASKS)}, or a .yaml file.")


def _read(path):
    try:
        config = yaml.load(path.read_text("utf-8"), _StrictLoader)
    except OSError as error:
        raise UserError(f"Cannot read the task {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"The task {path} is not UTF-8 text: byte {error.start} cannot be read.") from error
    except (yaml.YAMLError, ValueError) as error:  # such as a date in the 13th month
        reason = " ".join(str(error).split())
        raise UserError(f"The task {path} is not YAML: {reason}") from error
    except RecursionError as error:
        raise UserError(f"The task {path} is nested too deep to be one.") from error
    if not isinstance(config, dict):
        raise UserError(f"The task {path} must list the attributes of a task, such as `source: sketch`.")
    return _from_config({"name": path.stem, **config}, path)


class _StrictLoader(yaml.SafeLoader):
    """Builds plain values only, and refuses what a task has no use for: aliases, and a key given twice."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("a task has no aliases")
        return super().compose_node(parent, index)

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = [key for key in keys if keys.count(key) > 1]
        if twice:
            raise yaml.YAMLError(f"{twice[0]!r} is given twice")
        return super().construct_mapping(node, deep)


def _from_config(config, where):
    known = Task.__dataclass_fields__
    unknown = sorted({str(name) for name in config} - set(known))
    if unknown:
        raise UserError(f"{where}: a task has no {unknown[0]!r}, only {', '.join(known)}.")
    if "name" not in config:
        raise UserError(f"{where}: a task needs a name.")
    return Task(**config)
