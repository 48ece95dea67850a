"""Patches that make clients cheap to create and to call.

moto begins a new session of boto3 in each test.
"""

import functools
from typing import Any

from botocore import hooks, useragent
from botocore.loaders import JSONFileLoader, Loader


def speed_up_botocore() -> None:
    """Patch botocore in this process. Once is enough."""
    _keep_service_models()
    # botocore builds its User-Agent letter by letter in each request, twice.
    # It also splits the name of each event, 20 times in a request.
    aliaser: Any = hooks.EventAliaser
    aliaser._alias_event_name = functools.cache(aliaser._alias_event_name)
    clean: Any = useragent.sanitize_user_agent_string_component
    setattr(useragent, clean.__name__, functools.cache(clean))


def _keep_service_models() -> None:
    """Read each service model once in this process, not once in each session."""
    load: Any = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
    list_services: Any = Loader.list_available_services
    names: dict[str, list[str]] = {}

    def load_file(_: JSONFileLoader, file_path: str) -> Any:
        return load(file_path)

    def list_available_services(self: Loader, type_name: str) -> list[str]:
        if type_name not in names:
            names[type_name] = list_services(self, type_name)
        return names[type_name]

    setattr(JSONFileLoader, load_file.__name__, load_file)
    setattr(Loader, list_available_services.__name__, list_available_services)
