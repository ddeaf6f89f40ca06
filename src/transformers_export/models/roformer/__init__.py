"""RoFormer."""
