import dataclasses

from psp_keras.command_line import Command
from psp_keras.option_kinds import Choice, OutputFolder, Seed, Whole
from psp_keras.options import option


@dataclasses.dataclass(kw_only=True)
class MiniFaces(Command):
    """Writes the procedural MiniFaces as folders of PNG files."""

    output: str = option(
        OutputFolder(), "folder for images/, frontal/, sketches/, segmentation/, attributes.jsonl", positional=True
    )
    count: int = option(Whole(1), "how many faces", 1000)
    size: int = option(Whole(16), "pixels", 64)
    style: str = option(Choice("photo", "cartoon"), "how faces are drawn", "photo")
    split: str = option(Choice("train", "test"), "which people: no person is in both", "train")
    num_identities: int | None = option(Whole(1), "people; every face another one without it", None)
    seed: int = option(Seed(), "which world", 0)

    def run(self, leave_out):
        from psp_keras.data.mini_faces.folders import write_mini_faces

        write_mini_faces(**self.as_dict())
