"""The twin's tables, the same on SQLite and PostgreSQL. Instants are UTC text (`access.facts.stamp`), which
sorts as it should on both and reads the same in every export."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)
"""The site's own values: `epoch`, `timezone`, `policy` and `opening` (JSON), `site` (JSON: name, colours),
`screen` (JSON: what the kiosk shows and asks)."""

members = Table(
    "members",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, default=""),
    Column("role", String, nullable=False),
    Column("category", String, nullable=False),
    Column("qualifications", Text, nullable=False),  # JSON list
    Column("valid_until", String),
)

badges = Table(
    "badges",
    metadata,
    Column("number", String, primary_key=True),
    Column("member", ForeignKey("members.id"), nullable=False),
    Column("revoked", Boolean, nullable=False, default=False),
    Column("until", String),  # of a badge that was lent: it is good for nothing from then on
)

card_keys = Table(
    "card_keys",
    metadata,
    Column("number", ForeignKey("badges.number"), primary_key=True),
    Column("strength", String, nullable=False),  # access.people.Strength
    Column("machine_key", String, nullable=False),  # hex; what machines check the card with
    Column("kiosk_key", String, nullable=False),  # hex; what a kiosk checks it with, and no machine does
)
"""The badges that prove themselves, each with its own keys: the master key is never here."""

machines = Table(
    "machines",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, default=""),
    Column("description", Text, nullable=False),  # JSON of access.machines.Machine, without `locked`
    Column("locked", Boolean, nullable=False, default=False),
    Column("locked_by", String),
    Column("locked_why", String),
    Column("service_hours", Float),  # between two services; null: nobody has said
)

units = Table(
    "units",
    metadata,
    Column("id", String, primary_key=True),
    Column("machine", ForeignKey("machines.id"), unique=True),  # null: a kiosk, for all machines
    Column("public_key", String, nullable=False),
    Column("tag_key", String, nullable=False),  # hex; the key of this unit's badge tags
    Column("address", String, nullable=False, default=""),  # of its LAN port
    Column("version", Integer, nullable=False, default=1),  # of its replica; rises with what it must know
    Column("lease_end", String),  # the latest lease ever sent
    Column("reach", String),  # up to when the bookings in its last replica reach
    Column("last_seen", String),
    Column("state", Text, nullable=False, default="{}"),  # JSON, as the unit last told it
    Column("revoked", Boolean, nullable=False, default=False),
    Column("desk", Boolean, nullable=False, default=False),  # a kiosk at which badges are given out
)

bookings = Table(
    "bookings",
    metadata,
    Column("id", String, primary_key=True),
    Column("machine", ForeignKey("machines.id"), nullable=False),
    Column("member", String, nullable=False),
    Column("start", String, nullable=False),
    Column("end", String, nullable=False),
    Column("source", String, nullable=False),
    Column("state", String, nullable=False),  # access.bookings.BookingState
    Column("started", Boolean, nullable=False, default=False),
    Index("bookings_by_machine", "machine", "end"),
    Index("bookings_by_member", "member", "start"),
)

booking_log = Table(
    "booking_log",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("at", String, nullable=False),
    Column("booking", String, nullable=False),
    Column("outcome", String, nullable=False),  # access.vocabulary.BookingOutcome
    Column("reasons", Text, nullable=False, default="[]"),  # JSON list
    Column("source", String, nullable=False),
    Column("machine", String, nullable=False),
    Column("member", String, nullable=False),
    Column("start", String, nullable=False),
    Column("end", String, nullable=False),
    Index("booking_log_by_booking", "booking", "n"),
)
"""Everything that ever happened to a booking, refusals with their reasons included."""

requests = Table(
    "requests",
    metadata,
    Column("id", String, primary_key=True),
    Column("unit", ForeignKey("units.id"), nullable=False),
    Column("kind", String, nullable=False),  # book, extend, cancel
    Column("asked", String, nullable=False),
    Column("booking", String, nullable=False),
    Column("member", String, nullable=False),
    Column("start", String, nullable=False),
    Column("end", String, nullable=False),
    Column("minutes", Float, nullable=False, default=0),
    Column("state", String, nullable=False),  # pending, confirmed, refused, withdrawn
    Column("answer", Text),  # JSON of what was finally answered
    Index("requests_by_unit", "unit", "state"),
    Index("requests_by_state", "state", "asked"),
    Index("requests_by_booking", "booking"),
)
"""What was asked of the twin for hours that a unit owns."""

rows = Table(
    "rows",
    metadata,
    Column("unit", String, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("at", String, nullable=False),
    Column("mono_ms", BigInteger, nullable=False),
    Column("boot", Integer, nullable=False),
    Column("clock", String, nullable=False),
    Column("uncertainty_ms", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("commitment", String, nullable=False),
    Column("prev", String, nullable=False),
    Column("hash", String, nullable=False),
    Column("opening", Text, nullable=False),
    Column("received", String, nullable=False),
    Column("earliest", String, nullable=False),
    Column("latest", String, nullable=False),
    Index("rows_by_kind", "kind", "at"),
)
"""The units' journals, row for row. It happened between `earliest` and `latest`, whatever the unit's clock said."""

runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("unit", String, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("machine", String, nullable=False),
    Column("member", String),
    Column("booking", String),
    Column("started", String, nullable=False),
    Column("ended", String, nullable=False),
    Column("powered_ms", BigInteger, nullable=False),
    Column("running_ms", BigInteger, nullable=False),
    Column("end_reason", String, nullable=False),
    Index("runs_by_machine", "machine", "started"),
)
"""The closed runs: rows of kind `run`, made easy to sum. `unit, epoch, seq` lead back to the row."""

progress = Table(
    "progress",
    metadata,
    Column("unit", String, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("applied", BigInteger, nullable=False),  # highest contiguous sequence stored and applied
    Column("highest", BigInteger, nullable=False),  # highest sequence the unit says it has
    Column("duplicates", BigInteger, nullable=False, default=0),
    Column("fork", String),  # why, once two devices spoke under this name
    Column("retired", Boolean, nullable=False, default=False),  # another epoch speaks now
)

tokens = Table(
    "tokens",
    metadata,
    Column("hash", String, primary_key=True),  # SHA-256 of the token
    Column("role", String, nullable=False),
    Column("member", String),
    Column("made", String, nullable=False),
    Column("expires", String),
)

erased = Table(
    "erased",
    metadata,
    Column("mark", String, primary_key=True),  # access.people.erased_mark of the member's id
    Column("at", String, nullable=False),
)
"""Who was erased, so that no unit brings the name back."""

acts = Table(
    "acts",
    metadata,
    Column("id", String, primary_key=True),  # the asker's own: asked twice it is one act
    Column("at", String, nullable=False),
    Column("deed", String, nullable=False),  # twin.acts.Deed
    Column("by", String),  # the member who did it; null once erased
    Column("machine", String),
    Column("about", String),  # the member whom it concerns; null once erased
    Column("kiosk", String, nullable=False, default=""),  # where it was done; empty: the web
    Column("detail", Text, nullable=False, default="{}"),  # JSON: the reason, what was done
    Index("acts_by_machine", "machine", "deed", "at"),
)
"""What the team did to machines and badges. Rows are added, and never changed but by an erasure."""

codes = Table(
    "codes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("secret", String, nullable=False),  # SHA-256 of it
    Column("unit", String, nullable=False),
    Column("machine", ForeignKey("machines.id")),  # null: a kiosk
    Column("expires", String, nullable=False),
    Column("wrong", Integer, nullable=False),  # tries
)
"""The one-time codes that wait for their device."""

floors = Table(
    "floors",
    metadata,
    Column("key", String, primary_key=True),  # a device's public key
    Column("floor", BigInteger, nullable=False),
)
"""Below which number a device's requests are old: raised once in a hundred thousand requests."""
