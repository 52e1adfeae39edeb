"""Files that an installation puts in place, and what an administrator may have made of them meanwhile."""

import hashlib
import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Final

from msgspec import Struct

from dcvd.kit.new_file import hold_draft, sync_to_disk

_MARK: Final = re.compile(r"# Written by `dcvd install`, which replaces it unless you change it \(([0-9a-f]{16})\)\.\n")


class Placement(StrEnum):
    """What is done with a file, or a link."""

    WRITTEN = "written"
    REPLACED = "replaced"
    UNCHANGED = "as it should be"
    KEPT = "kept: it is yours"


class PlacedFile(Struct, frozen=True):
    """A file to put in place. `is_ours`: a later version replaces it, unless the administrator has changed it."""

    path: Path
    text: str
    mode: int = 0o644
    is_ours: bool = False


def plan(file: PlacedFile) -> Placement:
    """Return what `place` would do, by what stands there. Raises OSError."""
    try:
        found = file.path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return Placement.WRITTEN
    if found == _mark(file):
        return Placement.UNCHANGED
    return Placement.REPLACED if file.is_ours and _is_untouched(found) else Placement.KEPT


def place(file: PlacedFile) -> Placement:
    """Put a file in place, whole or not at all, and return what was done. Raises OSError."""
    placement = plan(file)
    if placement in (Placement.WRITTEN, Placement.REPLACED):
        file.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with hold_draft(file.path.parent) as draft:
            draft.write_text(_mark(file), encoding="utf-8")
            draft.chmod(file.mode)
            sync_to_disk(draft)
            draft.rename(file.path)
    return placement


def plan_link(path: Path, target: Path) -> Placement:
    """Return what `place_link` would do."""
    if not os.path.lexists(path):
        return Placement.WRITTEN
    return Placement.UNCHANGED if path.is_symlink() and path.readlink() == target else Placement.KEPT


def place_link(path: Path, target: Path) -> Placement:
    """Put a symbolic link in place, and return what was done. Raises OSError."""
    placement = plan_link(path, target)
    if placement is Placement.WRITTEN:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        path.symlink_to(target)
    return placement


def _mark(file: PlacedFile) -> str:
    if not file.is_ours:
        return file.text
    return f"# Written by `dcvd install`, which replaces it unless you change it ({_digest(file.text)}).\n{file.text}"


def _is_untouched(found: str) -> bool:
    """Whether a file is what an earlier installation wrote, by the digest in its first line."""
    match = _MARK.match(found)
    return match is not None and _digest(found[match.end() :]) == match[1]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]
