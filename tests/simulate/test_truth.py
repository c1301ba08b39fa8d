"""What the referee knows of a unit: neither more nor less than the twin has told it."""

from access.vocabulary import Reason
from lisiere.rehearse.reading import parse
from lisiere.rehearse.records import Record
from lisiere.simulate.retold import retold

CAST = """
[[machine]]
id = "piqueuse-1"
senses_current = true
feedback = true
rtc = true

[[member]]
id = "ana"
badges = ["040000A0B0C0D0"]
"""


def told(story: str) -> list[Record]:
    """The records of a simulation in which this befalls Ana and one machine."""
    return retold(parse(f"simulation = 5{story}{CAST}", "story.toml"))


def outcomes(records: list[Record], booking: str) -> list[object]:
    """What became of a booking, in order."""
    return [r["outcome"] for r in records if r["event"] == "booking" and r["id"] == booking]


def broken(records: list[Record]) -> list[Record]:
    """The promises that the referee says were broken."""
    return [r for r in records if r["event"] == "broken"]


SLOW_ANSWER = """
title = "A booking is made while an older answer of the twin is on its way"
start = 2027-01-28T14:00:00Z
end = 2027-01-28T15:10:00Z

[[step]]
at = "+0:50:00"
do = "weather"
machine = "piqueuse-1"
kind = "delay"
chance = 1.0

[[step]]
at = "+0:55:00"
do = "walk_up"
machine = "piqueuse-1"
id = "now"
member = "ana"
minutes = 20
power = true

[[step]]
at = "+0:55:00.400"
do = "book"
machine = "piqueuse-1"
id = "tomorrow"
member = "ana"
start = 2027-01-29T15:00:00Z
end = 2027-01-29T16:00:00Z
"""


def test_an_answer_on_its_way_knows_nothing_of_what_came_after_it() -> None:
    """A unit is not blamed for a booking that is younger than the answer it has just heard."""
    records = told(SLOW_ANSWER)
    assert outcomes(records, "tomorrow") == ["accepted"]
    assert not broken(records)


UNHEARD = """
title = "Nobody comes, the unit cannot say so, and the member lets the hours last longer"
start = 2027-04-17T06:00:00Z
end = 2027-04-18T18:00:00Z

[policy]
lease_hours = 2

[[step]]
at = "+0:05:00"
do = "book"
machine = "piqueuse-1"
id = "tomorrow"
member = "ana"
start = 2027-04-18T11:30:00Z
end = 2027-04-18T13:00:00Z

[[step]]
at = 2027-04-17T18:00:00Z
do = "link_down"
machine = "piqueuse-1"

[[step]]
at = 2027-04-18T12:06:00Z
do = "extend"
booking = "tomorrow"
minutes = 30

[[step]]
at = 2027-04-18T14:00:00Z
do = "link_up"
machine = "piqueuse-1"
"""


def test_the_twin_is_not_blamed_for_what_a_unit_could_not_say() -> None:
    """Beyond the lease the twin lets hours last longer that the unit, alone, has given back."""
    records = told(UNHEARD)
    assert outcomes(records, "tomorrow") == ["accepted", "released", "extended"]
    assert not broken(records)


LONGER_UNHEARD = """
title = "The member lets the hours last longer, and the unit, which is alone, knows only of the shorter ones"
start = 2027-04-17T06:00:00Z
end = 2027-04-17T18:00:00Z

[policy]
lease_hours = 2
no_show_minutes = 15

[[step]]
at = "+0:05:00"
do = "book"
machine = "piqueuse-1"
id = "evening"
member = "ana"
start = 2027-04-17T16:15:00Z
end = 2027-04-17T16:30:00Z

[[step]]
at = 2027-04-17T08:00:00Z
do = "link_down"
machine = "piqueuse-1"

[[step]]
at = 2027-04-17T15:30:00Z
do = "extend"
booking = "evening"
minutes = 15

[[step]]
at = 2027-04-17T16:35:00Z
do = "tap"
machine = "piqueuse-1"
badge = "040000A0B0C0D0"
"""


def test_a_unit_is_not_blamed_for_hours_that_it_has_not_heard_of() -> None:
    """Hours that were over when a no-show would be due are not given back, though the twin let them last longer."""
    records = told(LONGER_UNHEARD)
    assert outcomes(records, "evening") == ["accepted", "extended"]
    assert not broken(records)


RESTORED_AND_DIED = """
title = "A unit hears of a restored twin, and dies before it has its new hours"
start = 2027-12-21T10:00:00Z
end = 2027-12-24T10:00:00Z

[[step]]
at = 2027-12-22T09:32:42Z
do = "link_down"
machine = "piqueuse-1"

[[step]]
at = 2027-12-22T09:32:43Z
do = "power_cut"
machine = "piqueuse-1"

[[step]]
at = 2027-12-22T18:09:00Z
do = "twin_down"
machine = "piqueuse-1"

[[step]]
at = 2027-12-22T18:09:57Z
do = "twin_restored"
machine = "piqueuse-1"

[[step]]
at = 2027-12-23T21:48:00Z
do = "book"
machine = "piqueuse-1"
id = "later"
member = "ana"
start = 2027-12-30T15:45:00Z
end = 2027-12-30T16:30:00Z

[[step]]
at = 2027-12-23T23:03:56Z
do = "power_back"
machine = "piqueuse-1"

[[step]]
at = 2027-12-23T23:05:00Z
do = "crash"
machine = "piqueuse-1"
writes = 1
after = true

[[step]]
at = 2027-12-23T23:06:07Z
do = "link_up"
machine = "piqueuse-1"
"""


def test_a_unit_that_owes_a_restored_twin_is_not_blamed_for_what_it_was_not_given() -> None:
    """A restored twin is told first what only the unit knows; a unit that dies then has no new replica yet."""
    records = told(RESTORED_AND_DIED)
    assert outcomes(records, "later") == ["accepted"]
    assert not broken(records)


FOUND_BEFORE_THE_BACKUP_CAME_BACK = """
title = "A badge is found and used, and the twin comes back from a backup in which it is lost"
start = 2027-10-10T11:00:00Z
end = 2027-10-11T15:10:00Z

[[step]]
at = 2027-10-10T14:00:00Z
do = "revoke"
badge = "040000A0B0C0D0"

[[step]]
at = 2027-10-11T12:00:00Z
do = "restore"
badge = "040000A0B0C0D0"

[[step]]
at = 2027-10-11T15:00:00Z
do = "walk_up"
machine = "piqueuse-1"
id = "now"
member = "ana"
minutes = 30
power = true

[[step]]
at = 2027-10-11T15:01:00Z
do = "weather"
machine = "piqueuse-1"
kind = "replay"
chance = 0.5

[[step]]
at = 2027-10-11T15:02:00Z
do = "twin_down"
machine = "piqueuse-1"

[[step]]
at = 2027-10-11T15:03:00Z
do = "twin_restored"
machine = "piqueuse-1"
"""


def test_a_unit_that_owes_a_restored_twin_is_not_blamed_for_a_revocation_that_is_old_again() -> None:
    """It hears of it with the replica that follows; the run goes on until then."""
    assert not broken(told(FOUND_BEFORE_THE_BACKUP_CAME_BACK))


LATE_WORDS = """
title = "What a unit said in quarantine comes when it has been enrolled again, and is in a new epoch"
start = 2027-02-08T15:00:00Z
end = 2027-02-09T12:00:00Z

[[step]]
at = "+0:10:00"
do = "tap"
machine = "piqueuse-1"
badge = "040000A0B0C0D0"

[[step]]
at = "+0:20:00"
do = "card_copied"
machine = "piqueuse-1"

[[step]]
at = "+0:40:00"
do = "clone_begins"
machine = "piqueuse-1"

[[step]]
at = "+1:39:00"
do = "weather"
machine = "piqueuse-1"
kind = "reorder"
chance = 1.0

[[step]]
at = "+1:41:00"
do = "weather"
machine = "piqueuse-1"
kind = "reorder"
chance = 0.0

[[step]]
at = "+1:41:01"
do = "enrolled_again"
machine = "piqueuse-1"
"""


def test_a_late_word_of_a_program_that_is_gone_is_not_heard() -> None:
    """The numbers of requests rise over restarts: what a unit said before its last start is too old for the twin,
    and does not make a copied card of one that was taken away."""
    forks = [r for r in told(LATE_WORDS) if r["event"].startswith("fault")]
    assert [r["event"] for r in forks] == ["fault", "fault_cleared"]


NEVER_SET = """
title = "A real-time clock of 1970, which the twin had put right, outlives a power cut without the twin"
start = 2027-04-17T06:00:00Z
end = 2027-04-17T10:00:00Z

[[step]]
at = "+0:05:00"
do = "book"
machine = "piqueuse-1"
id = "morning"
member = "ana"
start = 2027-04-17T08:00:00Z
end = 2027-04-17T09:30:00Z

[[step]]
at = "+0:10:00"
do = "clock_set"
machine = "piqueuse-1"
to = 1970-01-01T00:00:00Z

[[step]]
at = "+0:20:00"
do = "link_down"
machine = "piqueuse-1"

[[step]]
at = "+0:21:00"
do = "power_cut"
machine = "piqueuse-1"

[[step]]
at = "+0:22:00"
do = "power_back"
machine = "piqueuse-1"

[[step]]
at = 2027-04-17T08:30:00Z
do = "tap"
machine = "piqueuse-1"
badge = "040000A0B0C0D0"
"""


def test_a_unit_whose_real_time_clock_was_never_set_is_not_blamed_for_knowing_no_hours() -> None:
    """It does not believe a clock of 1970, and so gives back no hours to which nobody comes in time."""
    records = told(NEVER_SET)
    assert outcomes(records, "morning") == ["accepted"]
    assert [r["reason"] for r in records if r["event"] == "decision"] == [Reason.CLOCK_UNTRUSTED]
    assert not broken(records)
