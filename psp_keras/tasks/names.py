TASK_NAMES = ("inversion",)
