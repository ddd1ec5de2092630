"""An in-memory consumer group: sticky, cooperative rebalances, one step for each poll of a member."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from kafka import TopicPartition, errors


class MemoryGroup:
    """The owners of partitions, and the committed offsets."""

    def __init__(self, known: Collection[TopicPartition]) -> None:
        self.offsets: dict[TopicPartition, int] = {}
        self._known = known
        self._topics: set[str] = set()
        self._members: list[object] = []
        self._owners: dict[TopicPartition, object] = {}
        self._behind: list[object] = []  # members that do not know the last change yet

    def has(self, member: object) -> bool:
        """Return whether the member is in the group."""
        return any(known is member for known in self._members)

    def join(self, member: object, topics: set[str]) -> None:
        """Add a member."""
        self._members.append(member)
        self._topics |= topics
        self._behind = list(self._members)

    def leave(self, member: object) -> None:
        """Remove a member and free its partitions."""
        if self.has(member):
            self._members = [known for known in self._members if known is not member]
            self._owners = {at: owner for at, owner in self._owners.items() if owner is not member}
            self._behind = list(self._members)

    def sync(self, member: object) -> tuple[set[TopicPartition], set[TopicPartition]]:
        """Return the partitions that a member gives up and gets; those that others still own follow a round later."""
        wanted = self._wanted(member)
        owned = {at for at, owner in self._owners.items() if owner is member}
        revoked, added = owned - wanted, {at for at in wanted - owned if at not in self._owners}
        for partition in revoked:
            del self._owners[partition]
        self._owners |= dict.fromkeys(added, member)
        self._behind = [other for other in self._behind if other is not member]
        return revoked, added

    def commit(self, member: object, offsets: Mapping[TopicPartition, int]) -> None:
        """Set offsets; raise for a member that is not in the group or does not know the last change."""
        if not self.has(member):
            raise errors.CommitFailedError
        if any(other is member for other in self._behind):
            raise errors.RebalanceInProgressError
        self.offsets |= offsets

    def _wanted(self, member: object) -> set[TopicPartition]:
        """Return a member's even share; every member keeps its own partitions as far as possible."""
        partitions = sorted(at for at in self._known if at.topic in self._topics)
        least, more = divmod(len(partitions), len(self._members))
        room = {id(known): least + (place < more) for place, known in enumerate(self._members)}
        shares: dict[int, set[TopicPartition]] = {id(known): set() for known in self._members}
        unowned = []
        for partition in partitions:
            owner = id(self._owners.get(partition))
            if owner in shares and len(shares[owner]) < room[owner]:
                shares[owner].add(partition)
            else:
                unowned.append(partition)
        for known in self._members:
            while len(shares[id(known)]) < room[id(known)]:
                shares[id(known)].add(unowned.pop(0))
        return shares[id(member)]
