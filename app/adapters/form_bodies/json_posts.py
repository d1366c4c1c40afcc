"""Posts of type application/json: those of our own script, and plain objects of names and values.

Nothing is refused for what an answer says: repeated names, whole numbers of any size, NUL and
half surrogate pairs come through as answers, for whoever reads them to judge.
"""

import json
import math
from typing import Any

from app.domain.intake.form_posts import CLICK, CONSENT, PROOF_OF_WORK, UTM, FormPost
from app.domain.intake.submissions import Finding

DEPTH_LIMIT = 32
_LARGEST = 2**63 - 1
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# Members of `context` whose names differ from those of a form's post.
_CONTEXT = {"visitor_id": "visitor", "page_url": "page"}

Answers = list[tuple[str, Any]]


class _Members(list[tuple[str, Any]]):
    """The members of an object as they were written, repeated names included."""


class _Unreadable(Exception):
    """What is no JSON, with the reason."""


def looks_like_json(raw: bytes) -> bool:
    """Whether text is meant as a JSON object."""
    return raw.removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(b"{")


def read_json_post(raw: bytes) -> FormPost:
    """The answers of `{"fields": …, "consents": …, "context": …, "pow": …}`, or of an object
    that has the answers themselves."""
    try:
        value = _parsed(raw.removeprefix(_BYTE_ORDER_MARK))
    except _Unreadable as error:
        return FormPost(holds=[Finding(code="unreadable_body", detail=str(error))])
    answers: Answers = []
    told = dict(value)
    enveloped = isinstance(told.get("fields"), _Members) or _is_list_of_fields(told.get("fields"))
    for name, member in value:
        if not enveloped:
            answers.append((name, member))
        elif name == "fields":
            answers += _fields(member)
        elif name == "consents" and (given := _consents(member)):
            answers += given
        elif name == "context" and isinstance(member, _Members):
            answers += _context(member)
        else:
            answers.append((PROOF_OF_WORK if name == "pow" else name, member))
    if not answers:
        return FormPost(holds=[Finding(code="empty_body", detail="nothing was sent")])
    return FormPost(answers=[(name, _plain(member)) for name, member in answers])


def _is_list_of_fields(value: Any) -> bool:
    """As other vendors' scripts send them: `[{"name": "email", "value": "…"}]`."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(item, _Members) and isinstance(dict(item).get("name"), str) for item in value
        )
    )


def _fields(member: Any) -> Answers:
    if isinstance(member, _Members):
        return list(member)
    return [(dict(item)["name"], dict(item).get("value")) for item in member]


def _consents(member: Any) -> Answers:
    """`{"newsletter": true}`, or `[{"purpose": "newsletter", "granted": true}]`."""
    if isinstance(member, _Members):
        return [(f"{CONSENT}{purpose}", given) for purpose, given in member]
    items = member if isinstance(member, list) else []
    told = [dict(item) for item in items if isinstance(item, _Members)]
    return [
        (f"{CONSENT}{item['purpose']}", item.get("granted")) for item in told if item.get("purpose")
    ]


def _context(members: _Members) -> Answers:
    answers: Answers = []
    for name, value in members:
        prefix = {"utm": UTM, "click_ids": CLICK}.get(name)
        if prefix and isinstance(value, _Members):
            answers += [(prefix + key.removeprefix("utm_"), told) for key, told in value]
        else:
            answers.append((f"tl_{_CONTEXT.get(name, name)}", value))
    return answers


def _parsed(text: bytes) -> _Members:
    try:
        value = json.loads(
            text.decode(),
            object_pairs_hook=_Members,
            parse_int=_whole_number,
            parse_float=_number,
            parse_constant=_refused,
        )
    except UnicodeDecodeError:
        raise _Unreadable("the JSON is not UTF-8") from None
    except RecursionError:
        raise _Unreadable(f"nested deeper than {DEPTH_LIMIT} levels") from None
    except ValueError as error:
        raise _Unreadable(f"the body is not valid JSON: {error}") from None
    if not isinstance(value, _Members):
        raise _Unreadable("the JSON is not an object")
    _check_depth(value, DEPTH_LIMIT)
    return value


def _whole_number(digits: str) -> int | str:
    # As text beyond 64 bits, so that no digit is lost on the way.
    number = int(digits) if len(digits) < 20 else _LARGEST + 1
    return number if -_LARGEST - 1 <= number <= _LARGEST else digits


def _number(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _check_depth(value: Any, depth: int) -> None:
    if not isinstance(value, list):
        return
    if depth == 0:
        raise _Unreadable(f"nested deeper than {DEPTH_LIMIT} levels")
    members = (item for _, item in value) if isinstance(value, _Members) else iter(value)
    for item in members:
        _check_depth(item, depth - 1)


def _plain(value: Any) -> Any:
    """The value with ordinary objects; of a repeated name deep inside, all values are kept."""
    if isinstance(value, _Members):
        made: dict[str, Any] = {}
        repeated: set[str] = set()
        for name, item in value:
            if name not in made:
                made[name] = _plain(item)
            elif name in repeated:
                made[name].append(_plain(item))
            else:
                repeated.add(name)
                made[name] = [made[name], _plain(item)]
        return made
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
