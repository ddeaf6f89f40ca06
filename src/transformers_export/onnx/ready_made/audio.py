"""Ready-made: models of sound."""

from __future__ import annotations
