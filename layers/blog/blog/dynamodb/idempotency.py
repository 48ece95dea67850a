"""Idempotency-Key: a client may send a creation again, and it is made once.

One conditional item inside the write's own transaction stores the id of what was created and a
digest of the body. It does not store the response: a repetition returns the current state.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pydantic import BaseModel

from blog.dynamodb.actions import Action, Item
from blog.dynamodb.keys import Key, idempotency_key
from blog.errors import FieldError, Unprocessable

RETENTION_SECONDS = 24 * 3600


class CreatedBefore(Exception):
    """An earlier request with the same key has created the resource. `created_id` is its id."""

    def __init__(self, created_id: str) -> None:
        super().__init__("an earlier request with this key has succeeded")
        self.created_id = created_id


@dataclass(frozen=True)
class Idempotency:
    """A user's idempotency key, and a digest of the body that came with it."""

    key: Key
    digest: str

    @classmethod
    def of(cls, sub: str, key: str, new: BaseModel, under: str = "") -> Self:
        """Build it from a request's user, key and body. `under` names what it creates under."""
        digest = hashlib.sha256(f"{under}{new.model_dump_json()}".encode()).hexdigest()
        return cls(idempotency_key(sub, key), digest)

    def action(self, created_id: str, now: datetime) -> Action:
        """Build the write of the key; refused with the error of `require_unused`.

        The condition compares the expiry, because DynamoDB deletes expired items late.
        """
        seconds = int(now.timestamp())
        return Action(
            self.key,
            item={
                "made_id": created_id,
                "digest": self.digest,
                "expires_at": seconds + RETENTION_SECONDS,
            },
            condition="attribute_not_exists(pk) OR #expires_at <= :expires_at",
            values={"expires_at": seconds},
            refused=lambda stored: self._error(stored) if stored else None,
        )

    def require_unused(self, item: Item | None, now: datetime) -> None:
        """Raise an error if the key is in use; `item` is the one that is stored under it.

        Raises CreatedBefore, or Unprocessable if the earlier request had another body.
        """
        if item is not None and int(item["expires_at"]) > int(now.timestamp()):
            raise self._error(item)

    def _error(self, item: Item) -> CreatedBefore | Unprocessable:
        if item["digest"] != self.digest:
            text = "Was used with another body: take a new key for something new"
            return Unprocessable([FieldError("Idempotency-Key", text)])
        return CreatedBefore(str(item["made_id"]))
