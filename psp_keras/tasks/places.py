"""Finds the examples of a task where the user says that they are."""

import dataclasses
from collections.abc import Callable

from psp_keras.data.mini_faces import MINI_FACES
from psp_keras.data.mini_faces.face_renderer import LABELS
from psp_keras.errors import UserError, print_left_out
from psp_keras.tasks.aligned_examples import AlignedExamples
from psp_keras.tasks.examples import Examples
from psp_keras.tasks.folder_examples import FolderExamples
from psp_keras.tasks.mini_faces_examples import MiniFacesExamples
from psp_keras.tasks.paired_examples import PairedExamples
from psp_keras.tasks.task import Task
from psp_keras.typing import PathLike


@dataclasses.dataclass(frozen=True)
class Places:
    """Where the examples of a task are.

    Args:
        data: a folder of pictures, or `"mini_faces"` or `"mini_faces_cartoon"`.
        source: folder of the sources of a paired task.
        target: folder of their targets.
        val_source: folder for validation.
        val_target: folder of its targets.
    """

    data: PathLike | None = None
    source: PathLike | None = None
    target: PathLike | None = None
    val_source: PathLike | None = None
    val_target: PathLike | None = None

    @property
    def folders(self) -> list[PathLike]:
        """Every folder that is given; names of MiniFaces are none."""
        return [place for place in vars(self).values() if place and place not in MINI_FACES]

    def check(self, task: Task) -> None:
        """Raises a `UserError` unless these are the places that a task needs, and no more."""
        if self.data in MINI_FACES:
            if self.folders:
                given = " and ".join(f"`{name}`" for name, place in vars(self).items() if place in self.folders)
                raise UserError(f"{self.data} is drawn and needs no folders: leave {given} out.")
            if task.paired and task.source == "photo":
                raise UserError(f"mini_faces has no pairs for the task {task.name}: give `source` and `target`.")
            if task.source == "segmentation" and task.num_classes < len(LABELS):
                raise UserError(f"{self.data} has {len(LABELS)} labels, the task {task.name} only {task.num_classes}.")
            return
        if task.paired and not (self.source and self.target):
            raise UserError(f"The task {task.name} needs pairs: give `source` and `target`, or mini_faces as `data`.")
        if not task.paired and not self.data:
            raise UserError(f"The task {task.name} needs one folder of pictures: give `data`.")
        if (task.paired and self.data) or (not task.paired and (self.source or self.target)):
            wanted = "`source` and `target`" if task.paired else "`data`"
            raise UserError(f"The task {task.name} takes its pictures from {wanted} alone.")
        if task.paired and bool(self.val_source) != bool(self.val_target):
            raise UserError("`val_source` and `val_target` go together.")
        if not task.paired and self.val_target:
            raise UserError(f"The task {task.name} has no pairs: leave `val_target` out.")


def task_at(task: Task, places: Places) -> Task:
    """Returns the task with as many classes as MiniFaces has, where it reads MiniFaces's segmentation maps."""
    if places.data in MINI_FACES and task.source == "segmentation":
        return dataclasses.replace(task, num_classes=len(LABELS))
    return task


def open_examples(
    task: Task,
    size: int,
    places: Places,
    num_mini_faces: int = 20000,
    seed: int = 0,
    align: bool = False,
    on_left_out: Callable[[str], None] = print_left_out,
) -> Examples:
    """Opens the examples of a task.

    Args:
        task: `Task`.
        size: pixels of source and target.
        places: `Places`.
        num_mini_faces: how many MiniFaces to learn from.
        seed: of MiniFaces.
        align: whether to cut the largest face out of each photo of a folder, see `align_face`.
        on_left_out: called with a line for each file that is left out.

    Returns:
        `FolderExamples`, `AlignedExamples`, `PairedExamples` or `MiniFacesExamples`.

    Raises:
        UserError: these are not the places that the task needs.
    """
    places.check(task)
    if align and not (places.data and places.folders):
        raise UserError("`align` needs a folder of photos as `data`.")
    if places.data in MINI_FACES:
        return MiniFacesExamples(task, size, MINI_FACES[places.data], num_mini_faces, seed)
    if task.paired:
        validation = (places.val_source, places.val_target) if places.val_source else None
        return PairedExamples(task, size, (places.source, places.target), validation, on_left_out)
    kind = AlignedExamples if align else FolderExamples
    return kind(task, size, places.data, places.val_source, on_left_out)
