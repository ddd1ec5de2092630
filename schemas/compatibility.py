"""Says in words what a change of the contracts breaks, and for whom; `newswire contract diff` prints it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas.releases import Contract, Contracts
from schemas.schema_fields import Field, fields_of

_RAISING_LOOSENS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_RAISING_TIGHTENS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_FIXED = {
    "key": "{readers} will find its records in another partition and another order",
    "identity": "{readers} will no longer know what they have had by its ce_id",
    "partitions": "a key's older and newer records will stand in different partitions, and {readers} lose their order",
    "by_language": "{readers} will find its records in other partitions",
    "language_partitions": "{readers} will find a language's records in another partition",
    "compacted": "{readers} can no longer rely on what is kept",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; `is_announced` where the topic's version has been raised for it."""

    topic: str
    version: int
    says: str
    is_breaking: bool = False
    is_announced: bool = False

    def __str__(self) -> str:
        """Return it as a line."""
        return f"{self.topic} v{self.version}: {self.says}"


def compare(old: Contracts, new: Contracts) -> list[Change]:
    """Return all differences that somebody could notice, topic by topic."""
    changes: list[Change] = []
    for name, before in old.items():
        after = new.get(name)
        if after is None:
            says = f"the topic is gone: {readers_of(before)} will find nothing"
            changes.append(Change(name, before.entry["version"], says, is_breaking=True))
        else:
            changes += _compare_topic(name, before, after)
    changes += [Change(name, new[name].entry["version"], "the topic is new") for name in new if name not in old]
    return changes


def readers_of(contract: Contract) -> str:
    """Return a topic's readers in words."""
    return _in_words(contract.entry["read_by"])


def _in_words(names: list[str]) -> str:
    words = ["services downstream" if name == "downstream" else name for name in names]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _compare_topic(name: str, old: Contract, new: Contract) -> Iterator[Change]:
    version = new.entry["version"]
    readers, writers = readers_of(new), _in_words(new.entry["written_by"])
    if version < old.entry["version"]:
        yield Change(name, version, f"the version went back from {old.entry['version']}", is_breaking=True)
    for says, is_breaking in [*_entry_changes(old.entry, new.entry), *_field_changes(old.schema, new.schema)]:
        is_announced = is_breaking and version > old.entry["version"]
        named = says.replace("{readers}", readers).replace("{writers}", writers)
        yield Change(name, version, named, is_breaking, is_announced)


def _entry_changes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    if old["message"] != new["message"]:
        says = f"the message is {new['message']}, no longer {old['message']}: {{readers}} will not know its ce_type"
        yield says, True
    for name, consequence in _FIXED.items():
        if old.get(name) != new.get(name):
            yield f"{name} is {_show(new.get(name))}, no longer {_show(old.get(name))}: {consequence}", True
    days, before = new.get("retention_days"), old.get("retention_days")
    if days and before and days != before:
        lost = ": {readers} that were away longer will miss records" if days < before else ""
        yield f"records are kept {days} days, no longer {before}{lost}", days < before


def _field_changes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    before, after = fields_of(old), fields_of(new)
    for path, field in before.items():
        if path in after:
            yield from _field_change(field, after[path])
        elif _parent(path) in after or not _parent(path):
            yield f"field `{path}` is gone: {{readers}} will find none", True
    for path, field in after.items():
        if path not in before and (_parent(path) in before or not _parent(path)):
            if field.is_required:
                yield _refuses(f"field `{path}` is new and required"), True
            else:
                yield f"field `{path}` is new and optional: nobody has to do anything", False


def _field_change(old: Field, new: Field) -> Iterator[tuple[str, bool]]:
    name = f"field `{new.path}`"
    if old.is_required and not new.is_required:
        yield f"{name} is no longer required: {{readers}} may find none", True
    if new.is_required and not old.is_required:
        yield _refuses(f"{name} is now required"), True
    if more := _beyond(new.types, old.types):
        yield f"{name} may now be {_list(more)}: {{readers}} that expect {_list(old.types)} may not take it", True
    if fewer := _beyond(old.types, new.types):
        yield _refuses(f"{name} may no longer be {_list(fewer)}"), True
    yield from _value_changes(name, old, new)
    for limit in sorted({*old.limits, *new.limits}):
        yield from _limit_change(name, limit, old.limits.get(limit), new.limits.get(limit))
    if old.has_default and new.has_default and old.default != new.default:
        says = f"{name}, where it is absent, means {_show(new.default)}, no longer {_show(old.default)}"
        yield f"{says}: {{readers}} that fill it in themselves will be wrong", True


def _beyond(types: tuple[str, ...], others: tuple[str, ...]) -> list[str]:
    """Return the types that the others do not allow; a number may be an integer."""
    allowed = {*others, "integer"} if "number" in others else {*others}
    return [each for each in types if each not in allowed]


def _value_changes(name: str, old: Field, new: Field) -> Iterator[tuple[str, bool]]:
    more = [value for value in new.values if value not in old.values]
    fewer = [value for value in old.values if value not in new.values]
    if old.values and not new.values:
        yield f"{name} may now be anything: {{readers}} that know {_list(old.values)} only may not take it", True
    elif old.values and more:
        yield f"{name} may now be {_list(more)}: {{readers}} that know {_list(old.values)} only may not take it", True
    if new.values and not old.values:
        yield _refuses(f"{name} may now be {_list(new.values)} only"), True
    elif new.values and fewer:
        yield _refuses(f"{name} may no longer be {_list(fewer)}"), True


def _limit_change(name: str, limit: str, old: Any, new: Any) -> Iterator[tuple[str, bool]]:
    if old == new:
        return
    ordered = limit in (*_RAISING_LOOSENS, *_RAISING_TIGHTENS) and None not in (old, new)
    is_looser = new is None or (not ordered and old is not None)
    is_tighter = old is None or (not ordered and new is not None)
    if ordered:
        is_looser = (new > old) == (limit in _RAISING_LOOSENS)
        is_tighter = not is_looser
    says = f"{name}: {limit} is {_show(new)}, no longer {_show(old)}"
    if is_looser:
        yield f"{says}: {{readers}} that rely on the old one may not take it", True
    if is_tighter:
        yield _refuses(says), True


def _refuses(says: str) -> str:
    return f"{says}: {{readers}} will refuse what {{writers}} of an older release wrote"


def _parent(path: str) -> str:
    return path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]


def _list(values: Any) -> str:
    return ", ".join(str(value) for value in values)


def _show(value: Any) -> str:
    if isinstance(value, list):
        return _list(value)
    if isinstance(value, dict):
        return "{" + _list(f"{key}: {inner}" for key, inner in value.items()) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    return "unset" if value is None else str(value)
