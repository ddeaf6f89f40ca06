"""The one error this package raises on purpose."""

from __future__ import annotations


class CannotShrink(Exception):  # noqa: N818  (part of the public API under this name)
    """No small version of a configuration works; the message says which fields stood in the way and why."""
