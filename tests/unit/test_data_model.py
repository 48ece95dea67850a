"""docs/data-model.md names every key and every attribute of the models that are stored."""

import inspect
from collections.abc import Callable
from datetime import datetime
from typing import Any, get_type_hints

import pytest
from pydantic import BaseModel

from blog.comments.model import Comment
from blog.dynamodb import keys
from blog.dynamodb.keys import Key
from blog.media.model import MediaItem
from blog.posts.model import Entry, Post, Stats
from tests.support.data_model import kinds, sort_keys
from tests.support.posts import THEN

TIME = "2026-01-31T09:30:00.000Z"  # THEN, in the format of keys
FUNCTIONS = {
    name: function
    for name, function in inspect.getmembers(keys, inspect.isfunction)
    if function.__module__ == keys.__name__
}
KEYS = [name for name, one in FUNCTIONS.items() if get_type_hints(one)["return"] is Key]
PARTITIONS = [name for name in FUNCTIONS if name.endswith("_partition")]
SORT_KEYS = [name for name in FUNCTIONS if "_sort_key" in name]
CONSTANTS = {name: value for name, value in vars(keys).items() if name.isupper()}
TEXTS = ("texts", "body", "body_html")  # of a post: compressed, or plain
MODELS: dict[str, type[BaseModel]] = {
    "post_key": Post,
    "stats_key": Stats,
    "summary_key": Entry,
    "comment_key": Comment,
    "pending_comment_key": Comment,
    "media_key": MediaItem,
}


class Placeholder(str):
    """A value that shows which parameter of a key it stands for, and in which format."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return f"<{self!s}:{spec}>" if spec else f"<{self!s}>"

    def __getitem__(self, part: Any) -> str:
        return Placeholder(f"{self!s}[{part.start}:]")


def placeholder(name: str, kind: Any) -> Any:
    """Return the placeholder for a parameter of this name and type."""
    if kind is Key:
        return Key(Placeholder(f"{name}.pk"), Placeholder(f"{name}.sk"))
    return THEN if kind is datetime else Placeholder(name)


def patterns(make: Callable[..., Any]) -> list[Any]:
    """Return what a function of keys.py returns for placeholders, without and with optional
    arguments."""
    hints = get_type_hints(make)
    parameters = inspect.signature(make).parameters.values()
    optional = [one.name for one in parameters if one.default is not one.empty]
    all_arguments = {one.name: placeholder(one.name, hints[one.name]) for one in parameters}
    required = {name: value for name, value in all_arguments.items() if name not in optional}
    return [
        make(**arguments)
        for arguments in ([required, all_arguments] if optional else [all_arguments])
    ]


@pytest.mark.parametrize("name", KEYS)
def test_every_key_function_is_on_the_page_with_its_keys(name: str) -> None:
    documented = [(kind.pk, kind.sk) for kind in kinds() if kind.maker == name]
    assert documented == patterns(FUNCTIONS[name])


@pytest.mark.parametrize("name", PARTITIONS)
def test_every_partition_is_on_the_page(name: str) -> None:
    assert set(patterns(FUNCTIONS[name])) <= {kind.pk for kind in kinds()}


def test_every_sort_key_of_entries_is_on_the_page() -> None:
    made = {name: patterns(FUNCTIONS[name])[0].replace(TIME, "<time>") for name in SORT_KEYS}
    assert sort_keys() == made


def test_every_function_that_makes_keys_is_listed_above() -> None:
    makers = [
        name for name, one in FUNCTIONS.items() if get_type_hints(one)["return"] in (Key, str)
    ]
    assert sorted(makers) == sorted([*KEYS, *PARTITIONS, *SORT_KEYS])


@pytest.mark.parametrize("name", CONSTANTS)
def test_every_constant_part_of_a_key_is_on_the_page(name: str) -> None:
    value = CONSTANTS[name]
    assert any(kind.pk == value or kind.sk.startswith(value) for kind in kinds())


def test_every_name_on_the_page_is_in_the_code() -> None:
    assert {kind.maker for kind in kinds()} <= {*FUNCTIONS, *CONSTANTS}


@pytest.mark.parametrize("name", MODELS)
def test_the_attributes_of_a_stored_model_are_those_on_the_page(name: str) -> None:
    model = MODELS[name]
    (kind,) = (kind for kind in kinds() if kind.maker == name)
    stored = {one for one, field in model.model_fields.items() if not field.exclude}
    assert kind.attributes == stored | ({*TEXTS} if model is Post else set())


@pytest.mark.parametrize("name", sorted(MODELS.keys() - {"comment_key", "pending_comment_key"}))
def test_an_attribute_is_optional_on_the_page_if_it_may_be_none(name: str) -> None:
    (kind,) = (kind for kind in kinds() if kind.maker == name)
    fields = MODELS[name].model_fields.items()
    optional = {one for one, field in fields if field.default is None}
    assert kind.optional == optional | ({*TEXTS} if MODELS[name] is Post else set())
