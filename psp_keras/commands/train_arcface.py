import dataclasses

from psp_keras.command_line import Command, print_measures
from psp_keras.training.options import ArcFaceOptions


@dataclasses.dataclass(kw_only=True)
class TrainArcFace(ArcFaceOptions, Command):
    """Trains a face recognition network on MiniFaces."""

    def run(self, leave_out):
        from psp_keras.training.arcface import train_arcface

        print_measures(train_arcface(**self.as_dict()))
