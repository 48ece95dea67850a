"""Tests of the single-page app in a real browser, against the local stack."""
