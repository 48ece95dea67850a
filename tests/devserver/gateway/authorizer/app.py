"""An authorizer that does what the Authorization header says, and counts its calls."""

import time

calls = 0


def handler(event, _context):
    global calls
    calls += 1
    behavior = event["headers"]["Authorization"]
    if behavior == "raise":
        raise RuntimeError("no keys")
    if behavior.startswith("slow-"):
        time.sleep(0.8)
    if behavior == "malformed":
        return {"principalId": "p"}
    resource = (
        event["methodArn"] if behavior == "this-route" else "arn:aws:execute-api:*:*:*/test/*"
    )
    effect = "Deny" if behavior == "deny" else "Allow"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {
        "principalId": "p",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"calls": calls, "flag": True, "why": "in fixed words"},
    }
