"""GptOss, as transformers lays it out."""
