"""A stand-in for an Auth0 tenant, for the real SDKs: in the local stack and in tests only."""
