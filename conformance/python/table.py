"""Reads conformance/table.json and conformance/not-built.json, which the suites of all languages run."""

import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]
TABLE = json.loads((FOLDER / "table.json").read_text())
NOT_BUILT = json.loads((FOLDER / "not-built.json").read_text())


def filler(size):
    """`size` bytes; None for 0, with which the SDK omits a field."""
    return b"\x5a" * size or None


def value(raw):
    """A field of a refusal: literal text, a number of bytes, or {"number": n}."""
    if isinstance(raw, dict):
        return raw["number"]
    return filler(raw) if isinstance(raw, int) else raw


def algorithms(row):
    """The ways to select an algorithm: by name, and by omission if it is the default."""
    return (row["algorithm"], None) if row["default"] else (row["algorithm"],)
