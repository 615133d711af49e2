"""The only modules that import llama_cpp, faster_whisper, whisper, onnxruntime and openai."""
