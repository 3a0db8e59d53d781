"""Super-resolution: a face shrunk by a factor of 1 to 32 is drawn sharp again (pSp, section 4.4)."""

from psp_keras.tasks.task import Task

SUPER_RESOLUTION = Task(
    "super_resolution", degrade="low_resolution", losses={"l2": 1.0, "lpips": 0.8, "id": 0.1, "w_norm": 0.005}
)
