"""The local stack: everything on one machine, driven by template.yaml (`make dev`)."""
