"""Many people at once, faults, killed processes; then the history is held against the table.

`python -m tests.torture`, or `make torture`. `clients.py` acts and writes down what it was
answered, `processes.py` is what it acts on, `history.py` says what does not fit.
"""
