"""One module a document format, each `read(data: bytes) -> str`; they run in a limited process."""
