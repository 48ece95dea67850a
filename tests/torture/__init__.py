"""Many clients at once, in two parts: `python -m tests.torture`, or `make torture`.

history (`run.py`): clients act with faults and killed processes; then their history is compared
with the table. `clients.py` sends requests and records the responses. `history.py` reports
contradictions.

abuse (`abuse.py`): one account floods, and ten people must not notice. `flood.py` and `people.py`
send requests. `verdict.py` judges what they recorded.

`processes.py` runs what both parts act on.
"""
