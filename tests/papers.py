"""What a PDF of ours says, read back out of its bytes."""

import re
import zlib


def words(pdf: bytes) -> str:
    """Return the text of a PDF of ours."""
    parts = [
        zlib.decompressobj().decompress(s)
        for s in re.findall(rb"stream\r?\n(x.*?)\r?\nendstream", pdf, re.S)
    ]
    found = [text for part in parts for text in re.findall(rb"\((.*?)\) Tj", part, re.S)]
    return b" ".join(found).replace(b"\\(", b"(").replace(b"\\)", b")").decode("latin-1")
