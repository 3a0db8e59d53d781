"""The videos that can be written. Imports nothing, so that `--help` is instant."""

VIDEO_ENDINGS = (".mp4", ".mov", ".mkv", ".m4v")
