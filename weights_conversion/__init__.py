"""Reads the published PyTorch checkpoints, without PyTorch."""
