"""Any folder of pictures to any other, matched by file name."""

from psp_keras.tasks.task import Task

PAIRED = Task("paired", paired=True, losses={"l2": 1.0, "lpips": 0.8, "id": 0.1, "w_norm": 0.005})
