"""A handler that does what the last part of its path says."""

import json
import os
import time

invocations = 0


def handler(event, context):
    global invocations
    invocations += 1
    behavior = (event["pathParameters"] or {}).get("behavior", "echo")
    if behavior == "broken":
        raise RuntimeError("secret")
    if behavior == "exit":
        os._exit(1)
    if behavior.startswith("sleep-"):
        time.sleep(float(behavior.removeprefix("sleep-")))
    if behavior == "malformed":
        return "not a proxy response"
    if behavior == "no-status":
        return {"code": 200, "body": "x"}
    if behavior == "large":
        return {"statusCode": 200, "body": "x" * (6 * 1024 * 1024 + 1000)}
    if behavior == "headers":
        headers = {"WWW-Authenticate": ["Bearer"], "X-Own": ["1", "2"], "Date": ["never"]}
        return {"statusCode": 401, "multiValueHeaders": headers, "body": None}
    if behavior == "base64":
        return {"statusCode": 200, "body": "aGk=", "isBase64Encoded": True}
    state = {
        "pid": os.getpid(),
        "invocations": invocations,
        "environment": dict(os.environ),
        "remaining": context.get_remaining_time_in_millis(),
        "event": event,
    }
    return {"statusCode": 200, "body": json.dumps(state)}
