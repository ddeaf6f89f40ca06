"""Magpie: a small decoder that keeps its keys and values between steps."""

from .configuration_magpie import MagpieConfig, MagpieOnnxConfig
from .modeling_magpie import MagpieForCausalLM, MagpieModel

__all__ = ["MagpieConfig", "MagpieForCausalLM", "MagpieModel", "MagpieOnnxConfig"]
