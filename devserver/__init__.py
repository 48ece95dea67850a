"""The whole stack on one machine, driven by template.yaml: `make dev`."""
