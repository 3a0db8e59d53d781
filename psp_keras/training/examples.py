"""Where a task's training and validation examples come from."""

import dataclasses

from psp_keras.data.image_files import list_images
from psp_keras.data.image_source import ArraySource, draw_mini_faces, open_files, read_images
from psp_keras.data.mini_faces import MINI_FACES, MiniFaces
from psp_keras.data.mini_faces.face_renderer import LABELS
from psp_keras.data.pairs import held_out, match_pairs
from psp_keras.errors import UserError


def check_places(task, places, validation=(None, None)):
    """Raises a `UserError` unless the folders given, see `open_examples`, are what the task needs, and no more."""
    data, source, target = places
    if data in MINI_FACES:
        _check_mini_faces(task, data, (source, target, *validation))
        return
    if task.paired and not (source and target):
        raise UserError(f"The task {task.name} needs pairs: give `source` and `target`, or mini_faces as `data`.")
    if not task.paired and not data:
        raise UserError(f"The task {task.name} needs one folder of pictures: give `data`.")
    if (task.paired and data) or (not task.paired and (source or target)):
        wanted = "`source` and `target`" if task.paired else "`data`"
        raise UserError(f"The task {task.name} takes its pictures from {wanted} alone.")
    if task.paired and bool(validation[0]) != bool(validation[1]):
        raise UserError("`val_source` and `val_target` go together.")
    if not task.paired and validation[1]:
        raise UserError(f"The task {task.name} has no pairs: leave `val_target` out.")


def _check_mini_faces(task, data, folders):
    if any(folders):
        raise UserError(f"{data} is drawn and needs no folders: leave `source`, `target` and those for validation out.")
    if task.paired and task.source == "photo":
        raise UserError(f"mini_faces has no pairs for the task {task.name}: give `source` and `target`.")
    if task.source == "segmentation" and task.num_classes < len(LABELS):
        raise UserError(f"{data} has {len(LABELS)} labels, the task {task.name} only {task.num_classes} classes.")


def list_examples(task, data, source, target, on_left_out):
    """Returns the examples of a task: pairs of paths, or paths.

    Raises:
        UserError: a folder is missing or empty.
    """
    return match_pairs(source, target, on_left_out) if task.paired else list_images(data)


def open_examples(task_data, places, validation, num_mini_faces, num_validation, seed, on_left_out):
    """Opens what a pSp training learns from.

    Args:
        task_data: `TaskData`.
        places: `(data, source, target)`: a folder of pictures or `"mini_faces"`, or two folders.
        validation: `(source, target)` folders for validation; without them, 5 % by a hash of the names are held out.
        num_mini_faces: how many MiniFaces to draw.
        num_validation: validation examples, at most.
        seed: of MiniFaces.
        on_left_out: called with a line for each file that is left out.

    Returns:
        `(open_training, held_out)`: a function that returns the training source, and the stored validation examples.

    Raises:
        UserError: a folder is missing, or holds too few pictures.
    """
    task, data = task_data.task, places[0]
    if data in MINI_FACES:
        faces = MiniFaces(task_data.size, seed, style=MINI_FACES[data])
        unseen = MiniFaces(task_data.size, seed + 1, style=MINI_FACES[data])

        def draw_training():
            return ArraySource(draw_mini_faces(faces, num_mini_faces, lambda part: task_data.draw(faces, part)))

        return draw_training, task_data.draw(unseen, range(num_validation))

    examples = list_examples(task, *places, on_left_out)
    if validation[0]:
        chosen = list_examples(task, validation[0], *validation, on_left_out)
    else:
        names = [item[0].stem if task.paired else item.name for item in examples]
        chosen = [item for item, name in zip(examples, names) if held_out(name)] or examples[:1]
        examples = [item for item in examples if item not in set(chosen)]
    if not examples:
        raise UserError(f"{places[1] or data} holds one example; training and validation need at least two.")
    measured = read_images(chosen[:num_validation], task_data.read, on_left_out)[1]
    return lambda: open_files(examples, task_data.size, on_left_out, task_data.read), measured


def with_mini_faces_classes(task, data):
    """Returns the task with as many classes as MiniFaces has, where it reads MiniFaces's segmentation maps."""
    if data in MINI_FACES and task.source == "segmentation":
        return dataclasses.replace(task, num_classes=len(LABELS))
    return task
