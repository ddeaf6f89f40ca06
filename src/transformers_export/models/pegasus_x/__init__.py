"""PegasusX, as transformers lays it out."""
