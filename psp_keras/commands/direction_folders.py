"""What the commands that write folders of directions share."""

from psp_keras.editing.direction_files import save_directions


def write_directions(output, directions):
    """Writes a folder of directions and says what is in it."""
    save_directions(output, directions)
    print(f"{len(directions)} directions in {output}; psp-keras directions show {output} draws them")
