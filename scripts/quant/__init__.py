"""Post-training quantisation of float ONNX models for the array; the command is scripts/quantize.py."""
