"""PatchTSMixer."""
