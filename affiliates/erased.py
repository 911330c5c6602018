"""What becomes of each table that speaks of a person (`dossier.PARTS`) when she closes her account.

GONE: her rows are deleted. EMPTIED: they stay, without what names her or what she wrote. STAYS: as
they are, and why. A test holds the three against the tables, and GONE against what is left.
"""

GONE = {
    "account.EmailAddress", "mfa.Authenticator", "usersessions.UserSession",
    "socialaccount.SocialAccount", "creators.Channel", "creators.Reading", "creators.ChannelToken",
    "creators.ManualCheck", "creators.DecisionCheck", "creators.QuizAttempt",
    "creators.DirectoryEntry", "creators.SampleRecord", "affiliates.Thread",
    "affiliates.MessageDigest", "affiliates.Passport", "affiliates.PassportEvidence",
    "affiliates.PageLink", "affiliates.CalendarFeed", "affiliates.SwitchLetter",
    "affiliates.Delivery", "affiliates.BrandNotice", "affiliates.Export", "shop.Membership",
    "shop.TermsNotice",
}  # fmt: skip
EMPTIED = {
    "auth.User": "a number, without name, address or password",
    "creators.Creator": "a number; its name is gone",
    "creators.Decision": "outcome, rule, moment and hash",
    "creators.Case": "what was decided, without her words",
    "creators.CaseEvent": "what was decided, without her words",
    "creators.ChannelDispute": "of decided ones neither handle nor account; open ones are decided first",
    "creators.Report": "without name and address",
    "affiliates.Participation": "without what she wrote",
    "affiliates.SampleRequest": "without her address and what she wrote",
    "affiliates.SampleEvent": "without what she wrote",
    "affiliates.Link": "without its name",
    "affiliates.LinkBlock": "without the reason",
    "affiliates.CreatorCode": "without its word",
    "affiliates.PayoutMethod": "without account and holder, once nothing is owed or paid by it",
    "shop.Order": "without her telephone number; the rest is the brands' invoice",
    "shop.Trouble": "of closed ones neither her words nor the picture",
}
BOOKS = "the books, under a number"
INVOICE = "what was ordered, for the brand's invoice"
TAX = "the tax office: ten years after the last payout"
A_BRANDS = "a brand's; hers was only her number in it"
STAYS = {
    "admin.LogEntry": "what she did as staff, under a number",
    "config.AuditEntry": "what was done, under a number, for two or seven years",
    "creators.SeenWeek": "counts of a week",
    "affiliates.Message": "a creator's go with her; who wrote for a brand wrote the brand's",
    "affiliates.FlatFee": BOOKS,
    "affiliates.ApiToken": "a creator's go with her; a brand's open nothing without who made them",
    "affiliates.Endpoint": "a creator's go with her; a brand's hear nothing without who keeps them",
    "affiliates.LinkDay": "counts of a day",
    "affiliates.Attribution": BOOKS,
    "affiliates.Commission": BOOKS,
    "affiliates.VoidNote": BOOKS,
    "affiliates.CaseLine": BOOKS,
    "affiliates.Adjustment": BOOKS,
    "affiliates.SettlementLine": BOOKS,
    "affiliates.Payout": BOOKS,
    "affiliates.PayoutClaim": BOOKS,
    "affiliates.PayoutAttempt": BOOKS,
    "affiliates.BankReply": BOOKS,
    "affiliates.PayoutWord": BOOKS,
    "affiliates.RiskFlag": BOOKS,
    "affiliates.Account": BOOKS,
    "affiliates.LedgerEntry": BOOKS,
    "affiliates.TaxProfile": TAX,
    "affiliates.TaxIdentity": TAX,
    "affiliates.VatCheck": TAX,
    "affiliates.TaxLook": TAX,
    "affiliates.SelfBill": TAX,
    "affiliates.SavedSearch": A_BRANDS,
    "shop.TeamInvitation": "those to her go; whom she asked is asked by the brand",
    "shop.Acceptance": "legal claims: that she agreed to terms",
    "shop.BrandOrder": INVOICE,
    "shop.OrderLine": INVOICE,
    "shop.Payment": INVOICE,
    "shop.PaymentSession": INVOICE,
    "shop.Refund": INVOICE,
    "shop.RefundFailure": INVOICE,
    "shop.Return": INVOICE,
    "shop.SaleDocument": INVOICE,
    "shop.Parcel": INVOICE,
    "shop.ParcelUndone": INVOICE,
    "shop.OrderPush": INVOICE,
    "shop.OrderLetter": INVOICE,
    "shop.Dispute": INVOICE,
}
