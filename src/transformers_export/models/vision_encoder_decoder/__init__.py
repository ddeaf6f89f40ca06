"""An encoder of images and a decoder of text in one model."""
