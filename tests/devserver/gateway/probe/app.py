"""Does what the last part of its path says."""

import json
import os
import time

invocations = 0


def handler(event, context):
    global invocations
    invocations += 1
    what = (event["pathParameters"] or {}).get("what", "echo")
    if what == "broken":
        raise RuntimeError("secret")
    if what == "exit":
        os._exit(1)
    if what.startswith("sleep-"):
        time.sleep(float(what.removeprefix("sleep-")))
    if what == "malformed":
        return "not a proxy answer"
    if what == "no-status":
        return {"body": "x"}
    if what == "large":
        return {"statusCode": 200, "body": "x" * (6 * 1024 * 1024 + 1000)}
    if what == "headers":
        headers = {"WWW-Authenticate": ["Bearer"], "X-Own": ["1", "2"], "Date": ["never"]}
        return {"statusCode": 401, "multiValueHeaders": headers, "body": None}
    if what == "base64":
        return {"statusCode": 200, "body": "aGk=", "isBase64Encoded": True}
    state = {
        "pid": os.getpid(),
        "invocations": invocations,
        "environment": dict(os.environ),
        "remaining": context.get_remaining_time_in_millis(),
        "event": event,
    }
    return {"statusCode": 200, "body": json.dumps(state)}
