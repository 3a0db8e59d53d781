"""Inpainting: the hidden part of a face is drawn anew (pSp, section 4.4)."""

from psp_keras.tasks.task import Task

INPAINTING = Task("inpainting", degrade="mask", losses={"l2": 1.0, "lpips": 0.8, "id": 0.1, "w_norm": 0.005})
