"""Live: no bank answers before it has the file, so its pain.002 brings the result."""

from affiliates.namechecks.base import Result


class BankTellsLater:
    """Leaves every account unchecked; `bankreplies` stores what the bank's reply says."""

    def check(self, iban: str, holder: str) -> Result:
        return Result.UNCHECKED
