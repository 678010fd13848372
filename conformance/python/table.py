"""What every language's suite runs: conformance/table.json and conformance/not-built.json, read for Python."""

import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]
TABLE = json.loads((FOLDER / "table.json").read_text())
NOT_BUILT = json.loads((FOLDER / "not-built.json").read_text())


def filler(size):
    """`size` bytes; None where it is 0, which is how the SDK leaves a field out."""
    return b"\x5a" * size or None


def value(raw):
    """A field of a refusal: text as it stands, a number of bytes, or {"number": n}."""
    if isinstance(raw, dict):
        return raw["number"]
    return filler(raw) if isinstance(raw, int) else raw


def algorithms(row):
    """The ways to name an algorithm: by its name, and not at all where it is the default."""
    return (row["algorithm"], None) if row["default"] else (row["algorithm"],)
