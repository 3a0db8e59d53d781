"""Toonify: a photo as a fine-tuned generator of cartoons draws it (published pSp, `psp_ffhq_toonify`)."""

from psp_keras.tasks.task import Task

TOONIFY = Task("toonify", losses={"l2": 1.0, "lpips": 0.8, "id": 1.0, "w_norm": 0.025})
