"""Conversations by the stretch of time in which they were last used."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from assistant.conversations.types import Conversation, ConversationGroup, Period

PERIODS: Final[tuple[Period, ...]] = ("pinned", "today", "yesterday", "week", "month", "older")


def group_by_period(
    conversations: Iterable[Conversation], now: datetime
) -> list[ConversationGroup]:
    """Group conversations by the days of the person's clock, which is `now`'s time zone.

    Empty groups are left out; the order within a group is the given one.
    """
    groups: dict[Period, list[Conversation]] = {period: [] for period in PERIODS}
    for conversation in conversations:
        groups[_period(conversation, now)].append(conversation)
    return [
        ConversationGroup(period, tuple(members)) for period, members in groups.items() if members
    ]


def _period(conversation: Conversation, now: datetime) -> Period:
    if conversation.pinned:
        return "pinned"
    day = conversation.updated.astimezone(now.tzinfo).date()
    today = now.date()
    if day >= today:
        return "today"
    if day == today - timedelta(days=1):
        return "yesterday"
    if day > today - timedelta(days=7):
        return "week"
    if day > today - timedelta(days=30):
        return "month"
    return "older"
