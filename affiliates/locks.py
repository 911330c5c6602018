"""The advisory locks of PostgreSQL that this app takes. All share one space of numbers."""

from enum import IntEnum, unique


@unique
class Lock(IntEnum):
    """Two things under one number would wait for each other."""

    RUN = 7_264_001  # shared by what becomes pending, exclusive to a new run
    BUILD = 7_264_002  # one build of payouts at a time
    NUMBER = 7_264_003  # one numbering of documents at a time
    MONTH = 7_264_004  # shared by who posts, exclusive to who closes a month
    SHARD = 7_264_005  # shared by shards, exclusive to who builds payouts
    CLICK_WATCH = 7_264_011  # one look through clicks at a time
    DRAIN = 7_264_012  # only one drain moves clicks; held for as long as it runs
    WEEKS = 7_264_013  # one sums brands' weeks at a time
    SWITCH = 7_264_014  # one decision on a switch, and one doing of its work, at a time
    WEBHOOKS = 7_264_015  # one sends to endpoints at a time
    EXPORT = 7_264_016  # one large file is made at a time
