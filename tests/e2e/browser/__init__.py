"""The single-page app in a real browser, against the stack that `make dev` starts."""
