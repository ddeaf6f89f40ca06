"""SeedOss, as transformers lays it out."""
