"""What must be true after a run: every address has one end, every text one version, copies and stories are right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from benchmarks.chaos.audit.evidence import Evidence, Plan

FINAL_STATES = ("indexed", "unchanged", "rejected", "dead-lettered", "gone", "refused", "failed", "taken-down")
READ = ("indexed", "unchanged")


class Finding(NamedTuple):
    """One fault: `lost`, `doubled` or `wrong`, and where."""

    kind: str
    what: str


def audit(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    """Yield every fault."""
    yield from _audit_ends(plan, evidence)
    yield from _audit_balance(plan, evidence)
    yield from _audit_documents(plan, evidence)
    yield from _audit_versions(plan, evidence)
    yield from _audit_groups(plan, evidence)
    yield from _audit_topics(plan, evidence)
    yield from _audit_poison(plan, evidence)


def _audit_ends(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    """Every address that was announced has exactly one end, and an allowed one."""
    for url, ends in plan["urls"].items():
        rows = evidence.rows.get(url, [])
        if not rows:
            yield Finding("lost", f"{url} is not in the ledger")
        elif len(rows) > 1:
            yield Finding("doubled", f"{url} has {len(rows)} rows in the ledger")
        elif rows[0].state not in FINAL_STATES:
            yield Finding("lost", f"{url} has no end: {rows[0].state}")
        elif not {rows[0].state, rows[0].end} & set(ends):
            yield Finding("wrong", f"{url} ended {rows[0].end} instead of {' or '.join(ends)}")


def _audit_balance(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    """What the ledger calls indexed is in the index, and what is in the index the ledger calls so."""
    indexed = {row.article_id: url for url in plan["urls"] for row in evidence.rows.get(url, []) if row.state in READ}
    found = {each["article_id"]: each["canonical_url"] for each in evidence.documents}
    for article in indexed.keys() - found.keys():
        yield Finding("lost", f"{indexed[article]} is indexed, says the ledger, and is not in the index")
    for article in found.keys() - indexed.keys():
        if found[article] in plan["articles"]:
            yield Finding("wrong", f"{found[article]} is in the index, and the ledger does not say so")


def _audit_documents(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    """Every published article is one document, with the newest text."""
    by_url = defaultdict(list)
    for document in evidence.documents:
        by_url[document["canonical_url"]].append(document)
    for url, article in plan["articles"].items():
        documents = by_url[url]
        if not documents:
            yield Finding("lost", f"{url} is not searchable")
            continue
        if len(documents) > 1:
            yield Finding("doubled", f"{url} is searchable {len(documents)} times")
        text = [documents[0]["title"], *documents[0]["body"].split("\n\n")]
        if article.get("texts") and text != article["texts"][-1]:
            kind = "lost" if text in article["texts"] else "wrong"
            yield Finding(kind, f"{url} does not have its newest text: {text[0]!r}")


def _audit_versions(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    """Versions count from 1 without a gap, one text each; there are as many as texts were fetched."""
    texts: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for decided in evidence.decided:
        texts[decided["article_id"]][decided["version"]].add(decided["content_hash"])
    for document in evidence.documents:
        if article := plan["articles"].get(document["canonical_url"]):
            versions = texts[document["article_id"]]
            fetched = len(evidence.pages.get(document["canonical_url"], ())) if article.get("texts") else None
            faults = _faults_of_versions(versions, document["version"], article["versions"], fetched)
            yield from (Finding(kind, f"{document['canonical_url']} {what}") for kind, what in faults)


def _faults_of_versions(
    versions: Mapping[int, set[str]], shown: int, published: int, fetched: int | None
) -> Iterator[Finding]:
    numbers = sorted(versions)
    if numbers != [*range(1, len(numbers) + 1)]:
        yield Finding("lost", f"has versions {numbers}")
    if any(len(hashes) > 1 for hashes in versions.values()):
        yield Finding("doubled", "has one version number for two texts")
    if len({each for hashes in versions.values() for each in hashes}) < len(numbers):
        yield Finding("doubled", "has one text under two version numbers")
    if len(numbers) > published:
        yield Finding("doubled", f"has {len(numbers)} versions, of {published} published")
    if shown != max(numbers, default=0):
        yield Finding("wrong", f"is searchable in version {shown} of {numbers}")
    if fetched is not None and fetched != len(numbers):
        yield Finding("wrong", f"was fetched with {fetched} texts and has {len(numbers)} versions")


def _audit_groups(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    """Copies and stories are those of the truth, exactly."""
    documents = {
        each["canonical_url"]: each for each in evidence.documents if each["canonical_url"] in plan["articles"]
    }
    for name, field in (("family", "family_id"), ("story", "story_id")):
        right = _group({url: plan["articles"][url][name] for url in documents})
        found = _group({url: document[field] for url, document in documents.items()})
        for members in right - found:
            yield Finding("wrong", f"the {name} of {', '.join(sorted(members))} is not together, or not alone")
    sizes = Counter(each["story_id"] for each in evidence.documents)
    for story in {document["story_id"] for document in documents.values()}:
        change = evidence.stories.get(story)
        if change is None or change["size"] != sizes[story]:
            yield Finding(
                "wrong", f"story {story} has {sizes[story]} articles, its record says {change and change['size']}"
            )


def _group(names: Mapping[str, str]) -> set[frozenset[str]]:
    groups = defaultdict(set)
    for member, name in names.items():
        groups[name].add(member)
    return {frozenset(group) for group in groups.values()}


def _audit_topics(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    """The newest record of an article is the document, and each version that is searchable was announced."""
    for document in evidence.documents:
        url, newest = document["canonical_url"], evidence.newest.get(document["article_id"])
        if url not in plan["articles"]:
            continue
        if newest is None or (newest["version"], newest["story_id"]) != (document["version"], document["story_id"]):
            yield Finding("wrong", f"{url}: the document is not the newest record of articles")
        if (document["article_id"], document["version"]) not in evidence.announced:
            yield Finding("lost", f"{url}: version {document['version']} was not announced on indexed-articles")


def _audit_poison(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    """Every malformed record is in the dead letters of each stage that reads its topic, with a reason of its kind."""
    for sent in plan["poison"]:
        if not sent["reasons"]:
            continue
        place = f"{sent['kind']} at {sent['topic']} {sent['partition']}:{sent['offset']}"
        for stage in sent["stages"]:
            reasons = evidence.letters[stage].get((sent["topic"], sent["partition"], sent["offset"]), set())
            if not reasons:
                yield Finding("lost", f"{place} is not among the dead letters of {stage}")
            elif not reasons <= set(sent["reasons"]):
                yield Finding("wrong", f"{place} is a dead letter of {stage} for {sorted(reasons)}")
