"""What Celery's clock rings, and how often: CELERY_BEAT_SCHEDULE.

A task may be missed or doubled: each finds its work in the database.
"""

MINUTE, HOUR, DAY = 60, 3_600, 86_400
EVERY = [  # what it does, task, seconds
    ("chain what people did", "config.audit.seal", MINUTE),
    ("let go of old entries of the log", "config.audit.expire", DAY),
    ("forget sessions that ended", "config.tasks.forget_sessions", DAY),
    ("settle every night that is over", "affiliates.tasks.settle_nights", 15 * MINUTE),
    ("tell admins what is not well", "config.tasks.look_after", 5 * MINUTE),
    ("lift what nobody decided in time", "affiliates.tasks.lift_holds", HOUR),
    ("look through the clicks of the day", "affiliates.tasks.watch_clicks", HOUR),
    ("tell what was claimed twice", "affiliates.tasks.mail_claims", 6 * HOUR),
    ("erase what the tax office needs no more", "affiliates.tasks.expire_closed_accounts", DAY),
    ("tell what happened in cases", "affiliates.tasks.mail_cases", MINUTE),
    ("let the clocks of samples run out", "affiliates.tasks.run_sample_clocks", HOUR),
    ("do what switched off platforms ask", "affiliates.tasks.run_switches", 2 * MINUTE),
    ("tell of links that are switched off", "affiliates.tasks.mail_links", 2 * MINUTE),
    ("tell of platforms that are off", "affiliates.tasks.mail_switches", 2 * MINUTE),
    ("ask again whose posts these are", "affiliates.tasks.check_posts", 6 * HOUR),
    ("close what nobody answered", "affiliates.tasks.close_unanswered", HOUR),
    ("tell who takes part, and of rates", "affiliates.tasks.mail_participations", HOUR),
    ("tell of unread messages", "affiliates.tasks.mail_messages", 15 * MINUTE),
    ("tell what happened to samples", "affiliates.tasks.mail_samples", 2 * MINUTE),
    ("tell of own shops that are off", "affiliates.tasks.mail_silent_shops", 15 * MINUTE),
    ("tell of terms to come", "affiliates.tasks.mail_terms", 5 * MINUTE),
    ("do what a signal or a message missed", "affiliates.tasks.sweep", 5 * MINUTE),
    ("send payouts, ask about unclear ones", "affiliates.tasks.send_payouts", MINUTE),
    ("book the rest of the bank's answers", "affiliates.tasks.book_bank_replies", 2 * MINUTE),
    ("invoice the month that is over", "affiliates.tasks.invoice_brands", 6 * HOUR),
    ("tell whose payout came back", "affiliates.tasks.mail_payouts_back", 5 * MINUTE),
    ("send what happened to endpoints", "affiliates.tasks.send_events", 20),
    ("tell whose endpoint was paused", "affiliates.tasks.mail_endpoints", 5 * MINUTE),
    ("delete old messages to endpoints", "affiliates.tasks.tidy_events", DAY),
    ("tell whose bank account was changed", "affiliates.tasks.mail_accounts_changed", 5 * MINUTE),
    ("tell brands of account and fees", "affiliates.tasks.mail_brands", 5 * MINUTE),
    ("ask again whose accounts these are", "affiliates.tasks.check_names", HOUR),
    ("ask whether VAT numbers are in use", "affiliates.tasks.check_vat_numbers", 5 * MINUTE),
    ("make tables that were lost", "affiliates.tasks.sweep_exports", 5 * MINUTE),
    ("see which passports still hold", "affiliates.tasks.sweep_passports", HOUR),
    ("sum clicks by day", "affiliates.tasks.rollup_links", 5 * MINUTE),
    ("see where clicks came from", "affiliates.tasks.gather_elsewhere", 15 * MINUTE),
    ("sum the weeks of brands", "affiliates.tasks.sum_weeks", 10 * MINUTE),
    ("make the months of clicks ahead", "affiliates.tasks.make_partitions", DAY),
    ("read catalogues behind an address", "shop.tasks.read_addresses", 5 * MINUTE),
    ("fetch pictures of feeds", "shop.tasks.fetch_pictures", MINUTE),
    ("remove pictures that nothing shows", "shop.tasks.sweep_pictures", DAY),
    ("ask providers for their fees", "shop.tasks.ask_fees", 10 * MINUTE),
    ("book fees for no payment", "shop.tasks.collect_own_fees", 6 * HOUR),
    ("ask providers who paid", "shop.tasks.ask_payers", 2 * MINUTE),
    ("apply what own shops told", "shop.tasks.apply_own_messages", MINUTE),
    ("tell shops what was sold from them", "shop.tasks.push_orders", MINUTE),
    ("ask shops what they sent of it", "shop.tasks.look_at_parcels", MINUTE),
    ("tell brands what stands still", "shop.tasks.mail_stock_alarms", 5 * MINUTE),
    ("read stock that lies elsewhere", "shop.tasks.read_stockrooms", MINUTE),
    ("set other currencies aside", "shop.tasks.set_currencies_aside", HOUR),
    ("call parcels of own shops delivered", "shop.tasks.assume_delivered", HOUR),
    ("tell what happened to orders", "shop.tasks.mail_orders", MINUTE),
    ("issue invoices of sales", "shop.tasks.issue_documents", 5 * MINUTE),
    ("take over what brands do not answer", "shop.tasks.run_trouble_clocks", 15 * MINUTE),
    ("remind brands of the money of returns", "shop.tasks.remind_of_returns", HOUR),
    ("delete pictures of old troubles", "shop.tasks.forget_trouble_pictures", DAY),
    ("forget old bags and unpaid orders", "shop.tasks.forget_bags", DAY),
    ("give back lapsed stock", "shop.tasks.release_reservations", MINUTE),
    ("read channels that are due", "creators.tasks.read_channels", HOUR),
    ("look for codes where an API tells", "creators.tasks.check_codes", 5 * MINUTE),
    ("delete screenshots that nobody needs", "creators.tasks.forget_screenshots", DAY),
    ("decide waiting creators again", "creators.tasks.redecide_waiting", HOUR),
    ("decide pilots again", "affiliates.tasks.redecide", 6 * HOUR),
    ("look at every brand's money", "affiliates.tasks.refresh_lights", 30 * MINUTE),
    ("number the creators of the search", "creators.tasks.number_directory", 10 * MINUTE),
    ("write down who was seen in searches", "creators.tasks.roll_up_seen", HOUR),
    ("tell who fits saved searches", "affiliates.tasks.mail_saved_searches", HOUR),
    ("show what creators sold", "affiliates.tasks.refresh_directory", HOUR),
]

# What waits for foreign servers, or takes minutes, has a queue of its own: CELERY_TASK_ROUTES.
# Without `-Q` a worker serves both; `catalogues` never takes all of its places (shop/tasks.py).
DEFAULT, CATALOGUES = "celery", "catalogues"
SLOW = (
    "affiliates.tasks.make_export", "affiliates.tasks.sweep_passports", "shop.tasks.import_feed",
    "shop.tasks.read_address", "shop.tasks.fetch_pictures", "shop.tasks.push_orders",
    "shop.tasks.look_at_parcels", "shop.tasks.read_stock", "shop.tasks.test_stockroom",
    "shop.tasks.look_again",
)  # fmt: skip
ROUTES = {task: {"queue": CATALOGUES} for task in SLOW}
BEAT = {
    name: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for name, task, seconds in EVERY
}
