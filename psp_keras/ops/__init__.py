"""Arithmetic on tensors that is no layer: FIR resampling, fused passes, face crops, shape checks."""
