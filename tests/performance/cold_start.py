"""One cold start, in a process of its own: the paths of an artifact and its layers as arguments.

Reads an event from standard input, and prints the effect of the handler's answer, then the peak
of memory in MB.
"""

import json
import sys


class Context:
    """A Lambda context object."""

    function_name = "authorizer"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:authorizer"
    aws_request_id = "3f8c2f0a-0000-4000-8000-000000000000"


event = json.loads(sys.stdin.read())
sys.path[:0] = sys.argv[1:]

import app  # type: ignore[import-not-found]  # noqa: E402 - the artifact's, now on the path

answer = app.handler(event, Context())
print(answer["policyDocument"]["Statement"][0]["Effect"], flush=True)

if sys.platform == "linux":  # rusage would count what the parent held when it forked
    with open("/proc/self/status") as status:
        (line,) = (line for line in status if line.startswith("VmHWM"))
    print(int(line.split()[1]) / 1024)
else:
    import resource

    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024)
