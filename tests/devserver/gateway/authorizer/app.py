"""Decides as the Authorization header says, and counts how often it was asked."""

asked = 0


def handler(event, _context):
    global asked
    asked += 1
    wish = event["headers"]["authorization"]
    if wish == "raise":
        raise RuntimeError("no keys")
    if wish == "malformed":
        return {"principalId": "p"}
    resource = event["methodArn"] if wish == "this-route" else "arn:aws:execute-api:*:*:*/test/*"
    effect = "Deny" if wish == "deny" else "Allow"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {
        "principalId": "p",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"asked": asked, "flag": True, "why": "in fixed words"},
    }
