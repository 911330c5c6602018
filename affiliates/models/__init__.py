"""The tables of the market between brands and creators, and of its money."""

from affiliates.models.adjustments import Adjustment
from affiliates.models.apitokens import ApiToken
from affiliates.models.bankfiles import BankFile, BankReply
from affiliates.models.brandweeks import BrandWeek, BrandWeekStale
from affiliates.models.calendars import CalendarFeed
from affiliates.models.cases import CaseLine
from affiliates.models.checks import BooksCheck
from affiliates.models.clicks import (
    Click,
    ClickElsewhere,
    ClickFinding,
    ClickScan,
    ClickStream,
    LinkDay,
)
from affiliates.models.closedmonths import ClosedMonth
from affiliates.models.collaborations import (
    Collaboration,
    Participation,
    ProductRate,
    RateChange,
    TermChange,
)
from affiliates.models.commissions import Attribution, Commission, VoidNote
from affiliates.models.endpoints import Delivery, Endpoint
from affiliates.models.exports import Export
from affiliates.models.flatfees import FlatFee
from affiliates.models.invoices import BrandInvoice, SelfBill
from affiliates.models.ledger import Account, Closing, LedgerEntry
from affiliates.models.linkblocks import LinkBlock
from affiliates.models.links import CreatorCode, Link, PageLink
from affiliates.models.messages import Message, MessageDigest, Thread
from affiliates.models.passports import (
    Passport,
    PassportEvidence,
    PassportIssuer,
    RevokedPassport,
)
from affiliates.models.paydays import PayDay
from affiliates.models.payouts import (
    BrandNotice,
    FeePolicy,
    Payout,
    PayoutAttempt,
    PayoutBatch,
    PayoutClaim,
    PayoutMethod,
    PayoutWord,
    TaxProfile,
)
from affiliates.models.programmes import OwnProgramme
from affiliates.models.reclaims import Reclaim
from affiliates.models.risk import RiskFlag
from affiliates.models.samples import SampleEvent, SampleRequest
from affiliates.models.savedsearches import SavedSearch
from affiliates.models.settlement import SettlementLine, SettlementRun, SettlementShard
from affiliates.models.shortlists import Shortlist, ShortlistEntry
from affiliates.models.solvency import BrandLight
from affiliates.models.switches import (
    PlatformSwitch,
    SwitchChange,
    SwitchLetter,
    SwitchWord,
)
from affiliates.models.taxes import BrandTaxIdentity, BrandVatCheck, TaxIdentity, TaxLook, VatCheck

__all__ = [
    "Account",
    "Adjustment",
    "ApiToken",
    "Attribution",
    "BankFile",
    "BankReply",
    "BooksCheck",
    "BrandInvoice",
    "BrandLight",
    "BrandNotice",
    "BrandTaxIdentity",
    "BrandVatCheck",
    "BrandWeek",
    "BrandWeekStale",
    "CalendarFeed",
    "CaseLine",
    "Click",
    "ClickElsewhere",
    "ClickFinding",
    "ClickScan",
    "ClickStream",
    "ClosedMonth",
    "Closing",
    "Collaboration",
    "Commission",
    "CreatorCode",
    "Delivery",
    "Endpoint",
    "Export",
    "FeePolicy",
    "FlatFee",
    "LedgerEntry",
    "Link",
    "LinkBlock",
    "LinkDay",
    "Message",
    "MessageDigest",
    "OwnProgramme",
    "PageLink",
    "Participation",
    "Passport",
    "PassportEvidence",
    "PassportIssuer",
    "PayDay",
    "Payout",
    "PayoutAttempt",
    "PayoutBatch",
    "PayoutClaim",
    "PayoutMethod",
    "PayoutWord",
    "PlatformSwitch",
    "ProductRate",
    "RateChange",
    "Reclaim",
    "RevokedPassport",
    "RiskFlag",
    "SampleEvent",
    "SampleRequest",
    "SavedSearch",
    "SelfBill",
    "SettlementLine",
    "SettlementRun",
    "SettlementShard",
    "Shortlist",
    "ShortlistEntry",
    "SwitchChange",
    "SwitchLetter",
    "SwitchWord",
    "TaxIdentity",
    "TaxLook",
    "TaxProfile",
    "TermChange",
    "Thread",
    "VatCheck",
    "VoidNote",
]
