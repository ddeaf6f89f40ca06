"""What this package exports to ONNX."""
