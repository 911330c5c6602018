"""Demo: a register that knows every number but those that it is told not to know."""

from affiliates.vies.base import Answer, NoAnswer


class FakeVies:
    """Says not valid for a number that ends with 00, no answer for one that ends with 99."""

    def check(self, number: str) -> Answer:
        if number.endswith("99"):
            raise NoAnswer("MS_UNAVAILABLE")
        return Answer(not number.endswith("00"), f"DEMO{number}")
