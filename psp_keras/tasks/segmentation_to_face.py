"""Segmentation map to face (pSp, section 4.3); 19 classes are those of CelebAMask-HQ."""

from psp_keras.tasks.task import Task

SEGMENTATION_TO_FACE = Task(
    "segmentation_to_face",
    source="segmentation",
    num_classes=19,
    paired=True,
    flip="none",
    losses={"l2": 1.0, "lpips": 0.8, "w_norm": 0.005},
)
