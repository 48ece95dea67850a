"""Stands in for an Auth0 tenant, for the real SDKs: at a desk and in tests, nowhere else."""
