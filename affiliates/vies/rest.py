"""VIES by its REST service, as the European Commission describes it.

A POST of the number, with ours as the asker's: only then the answer has a consultation
number. An error comes as `{"actionSucceed": false, "errorWrappers": [{"error": CODE}]}`,
also under status 200; a code other than INVALID_INPUT says nothing of the number.
"""

from __future__ import annotations

from django.conf import settings

from affiliates.vies.base import Answer, NoAnswer
from config.lib import outbound

API = "https://ec.europa.eu/taxation_customs/vies/rest-api"
GREECE = {"GR": "EL"}  # as VAT numbers write it


class Vies:
    """The register itself."""

    def check(self, number: str) -> Answer:
        base = settings.VIES_API_URL or API
        asked = {"countryCode": _country(number), "vatNumber": number[2:]}
        if ours := settings.COMPANY["vat_number"]:
            asked |= {"requesterMemberStateCode": _country(ours), "requesterNumber": ours[2:]}
        try:
            answer = outbound.request(
                "POST", f"{base}/check-vat-number", json=asked, allow_private=base != API
            )
            told = answer.json()
        except outbound.OutboundError as error:
            raise NoAnswer(str(error)) from error
        if not isinstance(told, dict):
            raise NoAnswer(f"{answer.status} without an object")
        problems = told.get("errorWrappers") or []
        if problems:
            code = str(problems[0].get("error", ""))
            if code == "INVALID_INPUT":
                return Answer(False)
            raise NoAnswer(code[:200])
        if answer.status != 200 or not isinstance(told.get("valid"), bool):
            raise NoAnswer(f"{answer.status} without a verdict")
        return Answer(told["valid"], str(told.get("requestIdentifier") or "")[:64])


def _country(number: str) -> str:
    return GREECE.get(number[:2], number[:2])
