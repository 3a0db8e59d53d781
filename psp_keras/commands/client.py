import dataclasses

from psp_keras.command_line import Command
from psp_keras.commands.face_options import FaceOptions
from psp_keras.option_kinds import Inputs, Number, OutputFolder, Text, Whole
from psp_keras.options import option


@dataclasses.dataclass(kw_only=True)
class Client(FaceOptions, Command):
    """Sends pictures to a TF Serving that runs an export."""

    url: str = option(Text(), "http://HOST:8501 for REST, or grpc://HOST:8500", positional=True)
    inputs: list = option(Inputs(), "picture files and folders", positional=True)
    output: str = option(OutputFolder(), "folder for the PNG files, or for the photos with --paste-back")
    model: str = option(Text(), "name that the server has for the model", "psp")
    timeout: float = option(Number(0, above=True), "seconds to wait for an answer", 30.0)
    workers: int = option(Whole(1), "requests at once", 8)

    def run(self, leave_out):
        from psp_keras.commands.client_files import translate_remotely

        written = translate_remotely(**self.as_dict(), on_broken=leave_out)
        print(f"{len(written)} pictures in {self.output}")
