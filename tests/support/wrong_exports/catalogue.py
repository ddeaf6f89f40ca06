"""Every planted defect."""

from __future__ import annotations

from support.wrong_exports import captured, code, configurations, graphs, lengths

CATALOGUE = (*captured.DEFECTS, *code.DEFECTS, *configurations.DEFECTS, *graphs.DEFECTS, *lengths.DEFECTS)
BY_NAME = {defect.name: defect for defect in CATALOGUE}
