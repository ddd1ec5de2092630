"""Who may do what on Kafka: one user for each stage, one for the crawl, one for the pages, and the admin.

`python -m newswire.kafka.access USERS` brings the users of a JSON file (name -> password) and their rights to the
broker. The rights come from schemas/topics.yml: who writes and who reads a topic. Every run makes them so again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import click
import msgspec
import structlog
from kafka import errors
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from newswire.errors import ConfigError, Retry
from newswire.kafka.clients import outages_as_retry
from newswire.kafka.topic_admin import CONFORMANCE, await_admin
from newswire.logs import configure_logs
from newswire.settings import Settings, settings
from schemas.topics import TOPICS, DeadLetterTopic, dead_letters_of, stage_names

ADMIN: Final = "admin"  # may do everything: the broker's `super.users` names it
CRAWL: Final = "crawl"  # Airflow's tasks
WEB: Final = "web"
DOWNSTREAM: Final = "downstream"  # services of your own: they read what the contracts offer them
MECHANISM: Final = "SCRAM-SHA-256"
CRAWL_ROLES: Final = frozenset({"crawl", "discover", "fetch", "crawl_source"})  # as topics.yml calls its parts
LOOKERS: Final = (CRAWL, WEB)  # they show how far the stages are: Airflow has the pages too
RULES_VERSION: Final = "1"
APPLIED_WITHIN_SECONDS: Final = 30.0

log = structlog.get_logger()

_Key = tuple[object, ...]
Kind = Literal["TOPIC", "GROUP"]
Right = Literal["READ", "WRITE", "DESCRIBE"]


class Rule(NamedTuple):
    """One thing that a user may do with a topic or group; an asterisk ends the beginning of names."""

    user: str
    right: Right
    kind: Kind
    name: str


def user_names() -> tuple[str, ...]:
    """Return every user, the admin first."""
    return ADMIN, *stage_names(), CRAWL, WEB, DOWNSTREAM


def rules(prefix: str) -> list[Rule]:
    """Return what every user may do besides the admin; `prefix` is that of all topics and groups."""
    return sorted({*_topic_rules(prefix), *_group_rules(prefix), *_looking_rules(prefix)})


def fingerprint_access(users: Mapping[str, str], prefix: str) -> str:
    """Return a text that changes with the users, their passwords and their rights."""
    parts = (RULES_VERSION, dict(users), rules(prefix))
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


def apply_access(given: Settings, users: Mapping[str, str], *, wait_seconds: float = 60.0) -> None:
    """Make users and rights as they should be; rights of these users that are not in the rules are taken away.

    Waits for Kafka. Raises ConfigError if the broker refuses.
    """
    admin = await_admin(given, wait_seconds)
    try:
        with outages_as_retry("writing users and rights"):
            _apply_users(admin, users)
            _apply_rules(admin, set(users) - {ADMIN}, rules(given.topic_prefix))
    finally:
        admin.close()


def _topic_rules(prefix: str) -> Iterator[Rule]:
    for topic in (*TOPICS, *map(dead_letters_of, stage_names())):
        yield from (Rule(user, "WRITE", "TOPIC", prefix + topic.name) for user in _users_of(topic.written_by))
        own = topic.written_by if isinstance(topic, DeadLetterTopic) else ()  # no stage reads its own dead letters
        readers = _users_of(topic.readers).difference(own)
        yield from (Rule(user, "READ", "TOPIC", prefix + topic.name) for user in readers)
    yield Rule(DOWNSTREAM, "READ", "TOPIC", f"{prefix}{CONFORMANCE}*")


def _group_rules(prefix: str) -> Iterator[Rule]:
    for stage in stage_names():
        yield Rule(stage, "READ", "GROUP", prefix + stage)
        yield Rule(stage, "READ", "GROUP", f"{prefix}{stage}-replay-*")
    yield Rule(CRAWL, "READ", "GROUP", f"{prefix}crawl_source")
    yield Rule(DOWNSTREAM, "READ", "GROUP", f"{prefix}{DOWNSTREAM}-*")


def _looking_rules(prefix: str) -> Iterator[Rule]:
    for user in LOOKERS:
        yield Rule(user, "DESCRIBE", "TOPIC", f"{prefix}*")
        yield Rule(user, "DESCRIBE", "GROUP", f"{prefix}*")


def _users_of(roles: Iterable[str]) -> set[str]:
    known = {*stage_names(), DOWNSTREAM}
    return {CRAWL if role in CRAWL_ROLES else role for role in roles if role in known | CRAWL_ROLES}


def _apply_users(admin: Any, users: Mapping[str, str]) -> None:
    mechanism = ScramMechanism.SCRAM_SHA_256
    answer = admin.alter_user_scram_credentials(
        [UserScramCredentialUpsertion(name, mechanism, password) for name, password in users.items()]
    )
    if refused := {name: error for name, error in answer.items() if error}:
        raise ConfigError(f"Kafka refuses the users {refused}; see the broker's log")


def _apply_rules(admin: Any, users: set[str], wanted: Iterable[Rule]) -> None:
    acls = {_key(acl): acl for acl in map(_acl, wanted)}
    present = _present_acls(admin, users)
    if missing := [acl for key, acl in acls.items() if key not in present]:
        failed = admin.create_acls(missing)["failed"]
        if failed:
            raise ConfigError(f"Kafka refuses rights: {', '.join(sorted({each.__name__ for each in failed}))}")
    if obsolete := [acl for key, acl in present.items() if key not in acls]:
        admin.delete_acls(obsolete)
    _await_rules(admin, users, acls.keys())


def _await_rules(admin: Any, users: set[str], wanted: AbstractSet[_Key]) -> None:
    """Return once the broker goes by these rules: its controller answers before the broker has read them."""
    deadline = time.monotonic() + APPLIED_WITHIN_SECONDS
    while _present_acls(admin, users).keys() != wanted:
        if time.monotonic() > deadline:
            raise Retry(f"Kafka has not applied the rights within {APPLIED_WITHIN_SECONDS:.0f} s")
        time.sleep(0.05)


def _present_acls(admin: Any, users: set[str]) -> dict[_Key, ACL]:
    found, error = admin.describe_acls(_every_acl())
    if error is not errors.NoError:
        raise ConfigError(f"Kafka does not show its rights: {error.__name__}; it needs `authorizer.class.name`")
    return {_key(acl): acl for acl in found if acl.principal.removeprefix("User:") in users}


def _acl(rule: Rule) -> ACL:
    is_prefix = rule.name.endswith("*") and rule.name != "*"  # a single asterisk is Kafka's own sign for all
    pattern = ACLResourcePatternType.PREFIXED if is_prefix else ACLResourcePatternType.LITERAL
    name = rule.name.removesuffix("*") if is_prefix else rule.name
    return ACL(
        principal=f"User:{rule.user}",
        host="*",
        operation=ACLOperation[rule.right],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(ResourceType[rule.kind], name, pattern),
    )


def _every_acl() -> ACLFilter:
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    return ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, anything)


def _key(acl: ACL) -> _Key:
    pattern = acl.resource_pattern
    place = (pattern.resource_type, pattern.resource_name, pattern.pattern_type)
    return (acl.principal, acl.host, acl.operation, acl.permission_type, *place)


@click.command()
@click.argument("users", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--note", type=click.Path(path_type=Path), help="File that gets a fingerprint once all is done.")
def main(users: Path, note: Path | None) -> None:
    """Bring the users of a JSON file (name -> password) and their rights to the broker."""
    given = settings()
    configure_logs(given)
    passwords = msgspec.json.decode(users.read_bytes(), type=dict[str, str])
    apply_access(given, passwords)
    if note:
        note.write_text(fingerprint_access(passwords, given.topic_prefix), "utf-8")
    log.info("access.applied", users=len(passwords))


if __name__ == "__main__":
    main()
