"""Is the unit's copy of the twin's rules young enough to grant anything?"""

from lisiere.doctor.ages import age
from lisiere.doctor.finding import Finding, attention, bad, ok
from lisiere.doctor.patient import Patient

TOPIC = "replica"
RENEW = "bring the unit and the twin together again: see 'link'"


def check_replica(patient: Patient) -> list[Finding]:
    """Its age since the twin confirmed it, against what the policy allows."""
    kept, where = patient.kept, str(patient.folder / "replica.db")
    if isinstance(kept, str):
        return [
            bad(
                TOPIC,
                f"cannot be used: {kept}",
                "",
                "enrol the unit anew: lisiere enrol --help",
            )
        ]
    if kept.reply is None:
        return [bad(TOPIC, "was never confirmed by the twin", where, RENEW)]
    old, life = patient.now - kept.reply.time, kept.replica.policy.replica_life
    what = f"version {kept.replica.version}, confirmed {age(old)} ago; good for {age(life)}"
    if old >= life:
        return [bad(TOPIC, f"too old: members are refused; {what}", where, RENEW)]
    if old >= life / 2:
        return [attention(TOPIC, f"{what}: more than half is gone", where, RENEW)]
    return [ok(TOPIC, what, where)]
