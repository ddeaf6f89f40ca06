"""An encoder and a decoder of text, each a model of its own, in one."""
