"""Errors whose words a person reads are written in her language where they are raised."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SHOWN = {  # what admins and users read as it is
    "BadFile", "BadValue", "CannotAdd", "DoesNotFit", "NotAllowed", "NotFreezable", "NotHeld",
    "NotPublishable", "OutOfBalance", "Refused", "UnreadableFeed",
}  # fmt: skip
NOT_SHOWN = {  # their Refused is a protocol's, or carries a code that the page puts into words
    "affiliates/evidence.py", "affiliates/resp.py", "creators/platforms/base.py",
}  # fmt: skip


def is_plain(words: ast.expr) -> bool:
    """Say whether letters stand there as they are, in English."""
    parts = words.values if isinstance(words, ast.JoinedStr) else [words]
    texts = [part.value for part in parts if isinstance(part, ast.Constant)]
    return any(letter.isalpha() for text in texts for letter in str(text))


def untranslated():
    for app in ("affiliates", "creators", "shop"):
        for path in sorted((ROOT / app).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if "migrations" in path.parts or name in NOT_SHOWN:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                    called = node.exc.func
                    error = getattr(called, "attr", getattr(called, "id", ""))
                    if error in SHOWN and any(map(is_plain, node.exc.args[:1])):
                        yield f"{name}:{node.lineno} {error}"


def test_what_a_person_reads_of_an_error_is_translated():
    assert list(untranslated()) == []
