"""StyleGAN inversion: a face becomes the latents that draw it (pSp, section 4.1)."""

from psp_keras.tasks.task import Task

INVERSION = Task("inversion", losses={"l2": 1.0, "lpips": 0.8, "id": 0.1})
