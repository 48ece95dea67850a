"""Many clients at once, with faults and killed processes; then compare their history with the
table.

`python -m tests.torture`, or `make torture`. `clients.py` sends requests and records the responses.
`processes.py` runs what they act on. `history.py` reports contradictions.
"""
