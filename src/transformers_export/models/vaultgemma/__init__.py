"""VaultGemma, as transformers lays it out."""
