"""What is planted for every rule in every layout: the defect, the subject it is found under, and a near miss.

One file a layout; what is edited are real sources of transformers 4.48.0, as a fork, a package or a Hub folder has them
(`support/layouts.py`).
"""

from __future__ import annotations

from support.defects import hub, package, transformers_4
from support.overlay import Edits

Defects = dict[str, tuple[Edits, str, Edits]]
"""Rule to (defect, subject, near miss)."""

PLANTED: dict[str, Defects] = {
    "transformers-4": transformers_4.DEFECTS,
    "package": package.DEFECTS,
    "remote-code": hub.DEFECTS,
}

NO_REGISTRY = "a Hub folder has neither a registry nor a matrix: config.json says what is exported"
NOT_APPLICABLE: dict[tuple[str, str], str] = {
    ("removed-import", "transformers-4"): "the tree has transformers.onnx",
    ("auto-map-form", "transformers-4"): "only Hub folders have an auto_map",
    ("auto-map-file-missing", "transformers-4"): "only Hub folders have an auto_map",
    ("auto-map-class-missing", "transformers-4"): "only Hub folders have an auto_map",
    ("auto-map-form", "package"): "only Hub folders have an auto_map",
    ("auto-map-file-missing", "package"): "only Hub folders have an auto_map",
    ("auto-map-class-missing", "package"): "only Hub folders have an auto_map",
    ("matrix-no-auto-class", "package"): "transformers_export has no TensorFlow Auto classes",
    ("input-order", "package"): "transformers_export hands inputs on by name",
    ("input-order", "remote-code"): "transformers_export hands inputs on by name",
    **{
        (rule, "remote-code"): NO_REGISTRY
        for rule in (
            "unregistered",
            "registry-class-unknown",
            "unreachable-key",
            "duplicate-key",
            "duplicate-feature",
            "unknown-feature",
            "no-auto-class",
            "past-without-cache",
            "no-matrix-entry",
            "matrix-not-registered",
            "matrix-no-auto-class",
            "wrong-matrix-set",
            "not-exported",
            "docs-missing",
            "missing-feature",
        )
    },
}
"""Why a rule has nothing to find in a layout."""
