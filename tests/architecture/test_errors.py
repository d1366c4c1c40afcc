"""The error tree: every class has its status, its own code, and its place in the drawing."""

import importlib
import pkgutil
import re

import app
from app.api.errors import STATUS, status_of
from app.domain import errors
from app.domain.errors import DomainError

TREE_LINE = re.compile(r"^(?P<indent>[│ ]*)[├└]── (?P<name>\w+)\s+(?P<meaning>\S.*)$", re.MULTILINE)


def every_error() -> list[type[DomainError]]:
    """Every subclass, wherever in the app it is defined."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        importlib.import_module(module.name)
    found: list[type[DomainError]] = []
    waiting = [DomainError]
    while waiting:
        children = [c for c in waiting.pop().__subclasses__() if c.__module__.startswith("app.")]
        found += children
        waiting += children
    return found


def test_every_error_has_a_status() -> None:
    for error in every_error():
        assert 400 <= status_of(error("x")) <= 599, error


def test_the_table_of_statuses_names_no_stranger() -> None:
    assert set(STATUS) <= set(every_error())


def test_every_code_is_its_own_and_spelled_alike() -> None:
    codes = [error.code for error in every_error()]
    assert len(set(codes)) == len(codes)
    assert [code for code in codes if not re.fullmatch(r"[a-z][a-z_]+", code)] == []
    titles = [error.title for error in every_error()]
    assert len(set(titles)) == len(titles)


def test_the_drawing_shows_every_error_under_its_parent_and_nothing_else() -> None:
    assert _parents_as_drawn() == {e.__name__: e.__bases__[0].__name__ for e in every_error()}


def _parents_as_drawn() -> dict[str, str]:
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in TREE_LINE.finditer(errors.__doc__ or ""):
        depth = len(line["indent"]) // 4
        path = [*path[:depth], line["name"]]
        parents[line["name"]] = path[-2] if depth else DomainError.__name__
    return parents
