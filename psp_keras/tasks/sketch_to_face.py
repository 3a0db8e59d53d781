"""Sketch to face: lines on white become a face; many faces fit, so styles can be mixed in (pSp, section 4.3)."""

from psp_keras.tasks.task import Task

SKETCH_TO_FACE = Task(
    "sketch_to_face", source="sketch", paired=True, flip="none", losses={"l2": 1.0, "lpips": 0.8, "w_norm": 0.005}
)
