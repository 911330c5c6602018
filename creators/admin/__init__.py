"""The market's desk for people: two queues, the rules, and read-only history."""

from creators.admin import channels, people, rules

__all__ = ["channels", "people", "rules"]
