"""Demo: a bank that knows every account, and judges by the name alone."""

from affiliates.namechecks.base import NoAnswer, Result


class FakeChecker:
    """Says no match for a "Nobody", close for initials only, no answer for "Offline"."""

    def check(self, iban: str, holder: str) -> Result:
        words = holder.lower().replace(".", " ").split()
        if "offline" in words:
            raise NoAnswer("the stand-in is offline for this name")
        if "nobody" in words:
            return Result.NONE
        if any(len(word) == 1 for word in words):
            return Result.CLOSE
        return Result.MATCH
