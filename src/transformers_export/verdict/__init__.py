"""The verdict: its data (`types`) and its JSON (`schema`)."""
