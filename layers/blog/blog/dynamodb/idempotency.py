"""Idempotency-Key: a creation that may be sent again and is made once.

One conditional item inside the write's own transaction keeps what was made and a digest of the
body, not the answer: a repetition shows the thing as it is then.
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


@dataclass(frozen=True)
class Idempotency:
    """A person's key, and a digest of the body that they sent with it."""

    key: Key
    digest: str

    @classmethod
    def of(cls, sub: str, key: str, new: BaseModel, under: str = "") -> Self:
        """For this person's request with this key and body, of something under something else."""
        digest = hashlib.sha256(f"{under}{new.model_dump_json()}".encode()).hexdigest()
        return cls(idempotency_key(sub, key), digest)

    def action(self, made_id: str, moment: datetime) -> Action:
        """The write that is refused while the key is kept for something else.

        Expiry is compared, because DynamoDB deletes what has expired when it finds the time.
        """
        now = int(moment.timestamp())
        item = {"made_id": made_id, "digest": self.digest, "expires_at": now + RETENTION_SECONDS}
        condition = "attribute_not_exists(pk) OR #expires_at <= :expires_at"
        return Action(self.key, item=item, condition=condition, values={"expires_at": now})

    def still_holds(self, kept: Item, moment: datetime) -> bool:
        """Whether what is kept under the key has not expired yet."""
        return int(kept["expires_at"]) > int(moment.timestamp())

    def made_id(self, kept: Item) -> str:
        """The id of what was made with the key; Unprocessable if another body was sent then."""
        if kept["digest"] != self.digest:
            text = "Was used with another body: take a new key for something new"
            raise Unprocessable([FieldError("Idempotency-Key", text)])
        return str(kept["made_id"])
