"""Frontalization: a turned face looks at you (pSp, section 4.2).

No pair of a turned and a frontal face is needed: source and target are mirrored independently, so that only what
they have in common, the identity, can be matched; most of the weight lies on the inner face.
"""

from psp_keras.tasks.task import Task

FRONTALIZATION = Task(
    "frontalization",
    flip="independent",
    losses={"l2": 0.001, "lpips": 0.08, "l2_crop": 0.01, "lpips_crop": 0.8, "id": 1.0, "w_norm": 0.005},
)
