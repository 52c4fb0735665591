"""Who may come in: listeners, certificates, doors that are paired, secrets, codes, and how many at once."""
