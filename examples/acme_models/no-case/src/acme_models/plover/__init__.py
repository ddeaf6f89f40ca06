"""Plover: an encoder to come; so far only its configuration."""

from .configuration_plover import PloverConfig

__all__ = ["PloverConfig"]
