"""What the screen says, by logical id. French is the product's own language; the others are in
`locale/`, translated from it (see `languages`).

A catalogue is called with an id and the values of its places: `say("until", at="15:02")`. `reason.*`,
`refusal.*`, `fault.*` and `warn.*` each have a `.what` (what is the matter) and a `.do` (what to do); those that
may end at a known time have an `.until`, which is the `.what` with that time in it.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from access.vocabulary import Fault, Reason, Refusal, Warn

_FRENCH = {
    # The board
    "board.invite": "Posez votre badge, ou touchez une machine",
    "board.reader_lost.what": "Lecteur de badges en panne.",
    "board.reader_lost.do": "Badgez à la machine, et prévenez l'accueil.",
    "board.helpers": "Aide du jour : {names}",
    "more": "Suite",
    # States
    "look.free": "Libre",
    "look.reserved": "Réservée",
    "look.starting": "Démarre",
    "look.busy": "Occupée",
    "look.yours": "À vous",
    "look.locked": "Hors service",
    "look.fault": "En panne",
    "look.estop": "Arrêt d'urgence",
    "look.silent": "Ne répond pas",
    "look.closed": "Fermé",
    "look.waiting": "Un instant",
    "until": "jusqu'à {at}",
    "from": "à partir de {at}",
    "opens": "ouvre à {at}",
    "span": "de {start} à {end}",
    "silent.what": "L'écran n'a plus de nouvelles.",
    "silent.do": "Badgez à la machine même.",
    # The member
    "member.hello": "Bonjour {name}",
    "member.hello_nameless": "Bonjour",
    "member.choose": "Touchez une machine",
    "member.leave": "Quitter",
    "member.untrained": "Il faut l'habilitation {training}.",
    # What is one's own
    "own.running": "À vous jusqu'à {end}",
    "own.running_open": "À vous",
    "own.due": "Réservée pour vous jusqu'à {end}",
    "own.next": "Réservée pour vous de {start} à {end}",
    "own.next_day": "Réservée pour vous {day} de {start} à {end}",
    "own.begin": "Démarrer",
    "own.longer": "+ {minutes} min",
    "own.stop": "Terminer",
    "own.cancel": "Annuler",
    "own.cancel.caption": "rendre cette réservation",
    # The durations
    "sheet.question": "Jusqu'à quelle heure ?",
    "sheet.later": "Réserver ensuite, {at} : jusqu'à quelle heure ?",
    "sheet.badge_then": "Choisissez l'heure, puis posez votre badge.",
    "sheet.badge_now": "Posez votre badge : c'est à vous jusqu'à {at}.",
    "sheet.touch": "Touchez l'heure de fin : c'est réservé.",
    "sheet.hazardous": "Cette machine démarre avec votre badge, à son lecteur.",
    "sheet.back": "Retour",
    "sheet.again": "Réessayer",
    "offer.minutes": "{minutes} min",
    "offer.hours": "{hours} h",
    "offer.hours_minutes": "{hours} h {minutes}",
    "offer.next": "avant la réservation suivante",
    "offer.closing": "jusqu'à la fermeture",
    "offer.longest": "le plus longtemps possible",
    # The result
    "result.asking": "Un instant…",
    "result.asking.what": "On demande à la machine.",
    "result.starting": "C'est réservé",
    "result.starting.what": "La machine démarre…",
    "result.on": "C'est parti",
    "result.on.what": "La machine est allumée, à vous jusqu'à {at}.",
    "result.badge": "Badgez à la machine",
    "result.badge.what": "C'est réservé pour vous jusqu'à {at}.",
    "result.not_started": "C'est réservé",
    "result.not_started.what": "À vous jusqu'à {at}, mais la machine n'a pas démarré.",
    "result.not_started.do": "Badgez à la machine.",
    "result.off": "La machine ne démarre pas",
    "result.off.unheard.what": "Elle n'a pas encore répondu à l'écran.",
    "result.off.asked.what": "L'annulation est demandée, pas encore confirmée.",
    "result.off.undone.what": "Votre réservation est annulée.",
    "result.off.kept.what": "Elle reste réservée pour vous jusqu'à {at}.",
    "result.off.do": "Prenez-en une autre et prévenez l'accueil.",
    "result.keep": "La garder",
    "result.given_back": "C'est annulé",
    "result.leaving.what": "Encore {seconds} s pour changer d'avis.",
    "result.given_back.what": "L'heure est libre pour les autres.",
    "result.longer": "C'est prolongé",
    "result.longer.what": "À vous jusqu'à {at}.",
    "result.later.what": "À vous de {start} à {end}.",
    "result.stopping": "Un instant…",
    "result.stopping.what": "La machine s'éteint.",
    "result.not_stopped": "La machine ne s'éteint pas",
    "result.not_stopped.what": "Elle n'a pas répondu à l'écran.",
    "result.badge_there": "Badgez à la machine.",
    "result.finished": "C'est fini",
    "result.finished.what": "La machine est éteinte. À bientôt !",
    "result.resume": "Reprendre",
    "result.reported": "Merci",
    "result.reported.what": "C'est noté : l'équipe va regarder.",
    "result.refused": "Pas cette fois",
    "result.untrained": "Pas encore",
    "result.unreachable": "La machine ne répond pas",
    "result.unreachable.what": "On ne sait pas si votre demande est arrivée.",
    "result.unreachable.do": "Réessayez : elle ne comptera qu'une fois.",
    # How it went
    "face.ask": "C'était comment ?",
    "face.3": "Bien",
    "face.2": "Moyen",
    "face.1": "Mal",
    "face.thanks": "Merci !",
    # Something is wrong
    "report.key": "Signaler",
    "report.question": "Quel est le problème ?",
    "trouble.start": "Ne démarre pas",
    "trouble.thread": "Fil ou tension",
    "trouble.needle": "Aiguille cassée",
    "trouble.noise": "Bruit anormal",
    "trouble.smell": "Odeur ou fumée",
    "trouble.other": "Autre chose",
    # How one wants to be spoken to
    "comfort.key": "Langue",
    "comfort.title": "Langue et confort",
    "comfort.contrast": "Contraste fort",
    "comfort.voice": "Voix",
    # Nobody there?
    "idle.warning": "Toujours là ? Touchez l'écran. Retour à l'accueil dans {seconds} s.",
    # The spoken mode
    "spoken.machine": "{name}, {word}. {line}",
    "spoken.help": "Premier bouton : suivant. Deuxième bouton : choisir.",
    # Why a tap was granted or refused
    "reason.estop.what": "L'arrêt d'urgence est enfoncé.",
    "reason.estop.do": "Le danger écarté, relâchez-le, puis badgez.",
    "reason.fault.what": "La machine est en panne.",
    "reason.fault.do": "Prévenez l'accueil : un technicien doit passer.",
    "reason.locked.what": "La machine est hors service.",
    "reason.locked.do": "Prenez-en une autre : un technicien doit la rouvrir.",
    "reason.badge_unknown.what": "Badge encore inconnu.",
    "reason.badge_unknown.do": "Faites-le enregistrer à l'accueil.",
    "reason.badge_revoked.what": "Ce badge n'est plus valable.",
    "reason.badge_revoked.until": "Prêt fini : {at}.",
    "reason.badge_revoked.do": "L'accueil vous en donne un autre.",
    "reason.badge_too_weak.what": "Cette machine demande un badge plus sûr.",
    "reason.badge_too_weak.do": "L'accueil vous en donne un.",
    "reason.membership_expired.what": "Votre adhésion est arrivée à sa fin.",
    "reason.membership_expired.until": "Adhésion finie le {at}.",
    "reason.membership_expired.do": "Renouvelez-la à l'accueil.",
    "reason.not_qualified.what": "Il faut une habilitation pour cette machine.",
    "reason.not_qualified.do": "Demandez la formation à l'accueil.",
    "reason.clock_untrusted.what": "La machine n'est plus sûre de l'heure.",
    "reason.clock_untrusted.do": "Attendez un peu, ou prévenez l'accueil.",
    "reason.replica_stale.what": "La machine n'a plus de nouvelles des réservations.",
    "reason.replica_stale.do": "Prévenez l'accueil.",
    "reason.in_use.what": "Quelqu'un s'en sert en ce moment.",
    "reason.in_use.until": "Quelqu'un s'en sert jusqu'à {at}.",
    "reason.in_use.do": "Attendez la fin, ou prenez-en une autre.",
    "reason.booking.what": "C'est votre réservation.",
    "reason.booking.do": "Bon travail !",
    "reason.staff.what": "Accès de l'équipe.",
    "reason.staff.do": "Bon travail !",
    "reason.booked_by_other.what": "Quelqu'un d'autre l'a réservée.",
    "reason.booked_by_other.until": "Quelqu'un l'a réservée jusqu'à {at}.",
    "reason.booked_by_other.do": "Prenez-en une autre, ou revenez plus tard.",
    "reason.walk_up.what": "C'est réservé pour vous.",
    "reason.walk_up.do": "Bon travail !",
    "reason.too_early.what": "Votre réservation n'a pas encore commencé.",
    "reason.too_early.until": "Votre réservation commence à {at}.",
    "reason.too_early.do": "Badgez à nouveau un peu avant l'heure.",
    "reason.booking_over.what": "Votre réservation est finie.",
    "reason.booking_over.do": "Pour continuer, réservez sur cet écran.",
    "reason.no_booking.what": "Pas de réservation à votre nom.",
    "reason.no_booking.do": "Réservez sur cet écran, avec votre badge.",
    "reason.not_recorded.what": "La machine ne peut plus rien noter.",
    "reason.not_recorded.do": "Prenez-en une autre et prévenez l'accueil.",
    # Why hours are refused
    "refusal.unknown_machine.what": "Cette machine n'est plus dans la liste.",
    "refusal.unknown_machine.do": "Prenez-en une autre.",
    "refusal.unknown_member.what": "La machine ne vous connaît pas encore.",
    "refusal.unknown_member.do": "Attendez une minute, ou voyez l'accueil.",
    "refusal.clock_untrusted.what": "La machine n'est plus sûre de l'heure.",
    "refusal.clock_untrusted.do": "Attendez un peu, ou prenez-en une autre.",
    "refusal.not_recorded.what": "La machine ne peut plus rien noter.",
    "refusal.not_recorded.do": "Prenez-en une autre et prévenez l'accueil.",
    "refusal.badge_revoked.what": "Vos badges ne sont plus valables.",
    "refusal.badge_revoked.do": "L'accueil vous en donne un autre.",
    "refusal.membership_expired.what": "Votre adhésion est arrivée à sa fin.",
    "refusal.membership_expired.until": "Adhésion finie le {at}.",
    "refusal.membership_expired.do": "Renouvelez-la à l'accueil.",
    "refusal.not_qualified.what": "Il faut une habilitation pour cette machine.",
    "refusal.not_qualified.do": "Demandez la formation à l'accueil.",
    "refusal.machine_locked.what": "La machine est hors service.",
    "refusal.machine_locked.do": "Prenez-en une autre : un technicien doit la rouvrir.",
    "refusal.end_before_start.what": "La fin vient avant le début.",
    "refusal.end_before_start.do": "Choisissez une autre heure.",
    "refusal.in_the_past.what": "Cette heure est déjà passée.",
    "refusal.in_the_past.do": "Choisissez une autre heure.",
    "refusal.too_short.what": "Il reste trop peu de temps.",
    "refusal.too_short.do": "Prenez une autre machine, ou revenez plus tard.",
    "refusal.too_long.what": "C'est trop long d'une seule traite.",
    "refusal.too_long.do": "Choisissez une heure plus proche.",
    "refusal.too_far_ahead.what": "C'est trop loin dans le temps.",
    "refusal.too_far_ahead.do": "Choisissez un jour plus proche.",
    "refusal.closed.what": "Fermé, sans réouverture connue.",
    "refusal.closed.do": "Renseignez-vous à l'association.",
    "closed.opens.what": "L'atelier rouvre {when}.",
    "closed.opens.do": "Revenez à ce moment-là.",
    "closed.today": "à {at}",
    "closed.tomorrow": "demain à {at}",
    "closed.day": "{day} à {at}",
    "closed.soon.what": "L'atelier ferme à {at}.",
    "closed.soon.do": "Choisissez une heure plus proche.",
    "refusal.overlap.what": "La machine est déjà prise.",
    "refusal.overlap.until": "Elle est prise jusqu'à {at}.",
    "refusal.overlap.do": "Prenez-en une autre, ou revenez plus tard.",
    "refusal.too_many_bookings.what": "Vous avez déjà beaucoup de réservations.",
    "refusal.too_many_bookings.do": "Rendez-en une, puis recommencez.",
    "refusal.week_hours_used.what": "Vos heures de la semaine sont faites.",
    "refusal.week_hours_used.do": "Revenez la semaine prochaine, ou voyez l'accueil.",
    "refusal.not_for_category.what": "Votre adhésion ne comprend pas cette machine.",
    "refusal.not_for_category.do": "Demandez à l'accueil.",
    "refusal.lease_over.what": "La machine est coupée du réseau.",
    "refusal.lease_over.do": "Prenez-en une autre et prévenez l'accueil.",
    "refusal.unit_unreachable.what": "La machine ne répond pas à l'écran.",
    "refusal.unit_unreachable.do": "Prenez-en une autre, ou badgez à la machine.",
    # What is wrong with a machine
    "fault.relay_welded.what": "Le courant reste jusqu'à la venue d'un technicien.",
    "fault.relay_welded.do": "Coupez au mur, prévenez l'accueil.",
    "fault.no_power.what": "Le courant n'arrive pas.",
    "fault.no_power.do": "Prévenez l'accueil : un technicien doit passer.",
    "fault.board_lost.what": "La commande de la machine ne répond pas.",
    "fault.board_lost.do": "Prévenez l'accueil : un technicien doit passer.",
    "fault.reader_lost.what": "Son lecteur de badges ne répond pas.",
    "fault.reader_lost.do": "Réservez sur cet écran.",
    "fault.estop.what": "L'arrêt d'urgence est enfoncé.",
    "fault.estop.do": "Le danger écarté, relâchez-le, puis badgez.",
    "fault.journal.what": "La machine ne peut plus rien noter.",
    "fault.journal.do": "Prévenez l'accueil.",
    "fault.clock.what": "La machine n'est plus sûre de l'heure.",
    "fault.clock.do": "Attendez un peu, ou prévenez l'accueil.",
    # What a running member is warned of
    "warn.ending.what": "Bientôt fini.",
    "warn.ending.do": "Enregistrez et rangez.",
    "warn.idle.what": "La machine va s'éteindre : elle ne sert pas.",
    "warn.idle.do": "Reprenez, ou badgez pour finir.",
    # For the team
    "team.key": "Équipe",
    "team.title": "Pour l'équipe",
    "team.lead": "Que voulez-vous faire ?",
    "team.plan": "Réservations du jour",
    "team.lesson": "Cours",
    "team.lend": "Prêter un badge",
    "team.enrol": "Nouveau badge",
    "team.asking": "On demande au jumeau.",
    "team.noted": "C'est noté",
    # A machine, for who looks after it
    "upkeep.key": "Entretien",
    "record.powered": "Sous tension",
    "record.running": "En marche",
    "record.served": "Dernier entretien",
    "record.never": "aucun noté",
    "record.since": "Heures depuis",
    "record.due": "Prochain entretien",
    "record.due.in": "dans {hours} h",
    "record.due.over": "en retard de {hours} h",
    "record.due.none": "pas d'intervalle fixé",
    "record.locked": "Hors service",
    "record.chart": "Les 14 derniers jours",
    "record.runs": "Passages",
    "record.faults": "Pannes",
    "record.service": "Noter un entretien",
    "record.lock": "Mettre hors service",
    "record.unlock": "Remettre en service",
    "record.away.what": "Le jumeau ne répond pas : ni compteurs ni historique.",
    "record.away.do": "L'état en haut vient de la machine elle-même.",
    "runs.title": "Les derniers passages",
    "runs.none": "Aucun passage n'est connu.",
    "runs.when": "Quand",
    "runs.who": "Qui",
    "runs.powered": "Tension",
    "runs.running": "Marche",
    "runs.end": "Fin",
    "cause.member": "badge",
    "cause.booking_end": "fin des heures",
    "cause.idle": "sans activité",
    "cause.max_run": "durée maximale",
    "cause.handover": "relais",
    "cause.estop": "arrêt d'urgence",
    "cause.fault": "panne",
    "cause.lock": "hors service",
    "cause.revoked": "badge retiré",
    "cause.interrupted": "coupure",
    "faults.when": "Quand",
    "faults.what": "Quoi",
    "faults.state": "État",
    "faults.now": "maintenant",
    "faults.standing": "en cours",
    "faults.open": "signalé, à traiter",
    "faults.over": "réglé à {at}",
    "faults.unit": "Le boîtier a noté un incident.",
    "faults.none": "Rien à signaler.",
    "faults.clear": "Lever le défaut",
    "faults.seen_to": "C'est traité",
    "faults.noted": "Les signalements sont réglés.",
    "clear.done": "Le défaut est levé",
    "clear.stands": "Le défaut reste",
    "clear.stands.what": "Le contact est encore fermé.",
    "clear.stands.do": "Coupez-la à son interrupteur et changez le relais.",
    "lock.question": "Pourquoi la mettre hors service ?",
    "why.broken": "Cassée",
    "why.service": "En entretien",
    "why.parts": "Pièce attendue",
    "why.danger": "Danger",
    "why.cleaning": "À nettoyer",
    "why.other": "Autre raison",
    "lock.done": "Hors service",
    "lock.heard": "La machine n'accepte plus personne.",
    "lock.unheard": "C'est noté. La machine le saura dès qu'on l'aura jointe.",
    "lock.away.do": "Débranchez la machine, puis réessayez.",
    "unlock.question": "Pourquoi la remettre en service ?",
    "unlocked.repaired": "Réparée",
    "unlocked.replaced": "Pièce changée",
    "unlocked.serviced": "Révisée",
    "unlocked.checked": "Rien trouvé",
    "unlocked.mistake": "Par erreur",
    "unlocked.other": "Autre raison",
    "unlock.done": "De nouveau en service",
    "unlock.done.what": "Il faut un badge pour démarrer.",
    "service.question": "Qu'avez-vous fait ?",
    "service.cleaned": "Nettoyée, huilée",
    "service.needle": "Aiguille ou lame",
    "service.adjusted": "Réglage",
    "service.full": "Révision complète",
    "service.noted": "Les heures se comptent à partir d'ici.",
    # Badges
    "names.lend": "À qui prêter un badge ?",
    "names.enrol": "Pour qui est le badge ?",
    "names.letter": "Touchez la première lettre",
    "names.pick": "Touchez le nom",
    "lend.title": "Badge pour {name}",
    "lend.lay": "Posez le badge de prêt sur le lecteur.",
    "lend.done": "C'est prêté",
    "lend.done.what": "À {name}, jusqu'à {at}.",
    "enrol.lay": "Posez une carte neuve sur le lecteur.",
    "enrol.crowded": "Une seule carte à la fois.",
    "enrol.writing": "Ne bougez pas la carte : on écrit ses clés.",
    "enrol.again": "La carte est partie trop tôt : reposez-la.",
    "enrol.done": "Le badge est prêt",
    "enrol.done.what": "Il est à {name}, sur toutes ses machines.",
    # A class
    "lesson.pick": "Touchez les machines du cours",
    "lesson.none": "Aucune machine n'est libre pour un cours.",
    "lesson.ends": "Choisir la fin",
    "lesson.end": "Finir le cours",
    "lesson.all": "machines : {count}",
    "lesson.some": "machines : {count} sur {all}",
    "lesson.opened": "Cours jusqu'à {at}",
    "lesson.ending": "Le cours est fini",
    "lesson.machine": "La machine",
    "lesson.on": "Allumée jusqu'à {at}",
    "lesson.on_shorter": "Allumée jusqu'à {at} seulement",
    "lesson.tap": "Badgez à la machine, jusqu'à {at}",
    "lesson.silent": "N'a pas répondu : badgez à la machine",
    "lesson.given_back": "Rendue",
    "plan.number": "Réservations : {count}",
    "plan.none": "Rien n'est réservé aujourd'hui.",
    "plan.lesson": "Le cours",
    "day.short": "{day}/{month}",
    # Why the team could not
    "obstacle.away.what": "Le jumeau ne répond pas : on ne sait pas si c'est noté.",
    "obstacle.away.do": "Réessayez : cela ne comptera qu'une fois.",
    "obstacle.not_allowed.what": "Votre badge n'a pas ce droit.",
    "obstacle.not_allowed.do": "Demandez à l'administration.",
    "obstacle.badge_taken.what": "Ce badge est déjà à quelqu'un.",
    "obstacle.badge_taken.do": "Prenez un badge de prêt.",
    "obstacle.no_badge.what": "Ce badge ne se lit pas, ou change de numéro.",
    "obstacle.no_badge.do": "Prenez-en un autre.",
    "obstacle.no_desk.what": "Cet écran n'est pas un bureau à badges.",
    "obstacle.no_desk.do": "Écrivez la carte au bureau de l'association.",
    "obstacle.no_keys.what": "La clé du bureau n'est pas branchée.",
    "obstacle.no_keys.do": "Branchez la clé USB, puis recommencez.",
    "obstacle.no_reader.what": "Le lecteur de badges ne répond pas.",
    "obstacle.no_reader.do": "Vérifiez son câble, puis recommencez.",
    "obstacle.no_blank.what": "Cette carte ne peut pas être écrite.",
    "obstacle.no_blank.do": "Prenez une carte NTAG 424 neuve.",
    # Days and months
    "date": "{day} {number} {month}",
    "date.full": "{number} {month} {year}",
    "date.first": "1er",
    "day.0": "lundi",
    "day.1": "mardi",
    "day.2": "mercredi",
    "day.3": "jeudi",
    "day.4": "vendredi",
    "day.5": "samedi",
    "day.6": "dimanche",
    "month.1": "janvier",
    "month.2": "février",
    "month.3": "mars",
    "month.4": "avril",
    "month.5": "mai",
    "month.6": "juin",
    "month.7": "juillet",
    "month.8": "août",
    "month.9": "septembre",
    "month.10": "octobre",
    "month.11": "novembre",
    "month.12": "décembre",
}

NO_BREAK = "\N{NO-BREAK SPACE}"


def _typeset(text: str) -> str:
    """French spacing: a sign stays with its word, an hour with its "à", and the apostrophe is a real one."""
    for sign in ":!?;»":
        text = text.replace(f" {sign}", f"{NO_BREAK}{sign}")
    text = text.replace("à {", f"à{NO_BREAK}{{")
    return text.replace("« ", f"«{NO_BREAK}").replace("'", "’")


SOURCE: Mapping[str, str] = MappingProxyType(_FRENCH)
"""The French as it is written here, by id: what the other languages are translated from."""
FRENCH: Mapping[str, str] = MappingProxyType({id: _typeset(text) for id, text in _FRENCH.items()})
"""The same as a printer would set it."""


APART, TOGETHER = "\u2068", "\u2069"
"""Around words whose direction is their own: first strong isolate, and its end."""
_MARKS = re.compile("[\u200e\u200f\u2066-\u2069]")


class Say(Protocol):
    """A catalogue, as the view-model uses it."""

    def __call__(self, id: str, /, **places: object) -> str:
        """The words for a logical id, with its places filled in."""


class Catalogue:
    """One language. `look_up` may be gettext's own: French that it gives back as it is, is told in French.

    `leftwards`: it is read from right to left. What fills a place, a name or an hour, is then set apart (Unicode's
    isolates), so that its dots and brackets stay with it; `unmarked` takes the marks away again.
    """

    def __init__(self, look_up: Callable[[str], str] = lambda french: french, leftwards: bool = False) -> None:
        self._look_up = look_up
        self._leftwards = leftwards

    def __call__(self, id: str, /, **places: object) -> str:
        """The words for a logical id, with its places filled in."""
        french = SOURCE[id]
        found = self._look_up(french)
        if self._leftwards:
            places = {name: f"{APART}{told}{TOGETHER}" for name, told in places.items()}
        return (FRENCH[id] if found == french else found).format(**places)


def unmarked(text: str) -> str:
    """Words without the marks of direction, which are neither drawn nor spoken."""
    return _MARKS.sub("", text)


def what_and_do(say: Say, word: Reason | Refusal | Fault | Warn, at: str = "") -> tuple[str, str]:
    """What a word of the vocabulary means to a person, and what that person can do. `at`: until when (or since
    when) it holds, an hour or a date in words; empty where nobody knows."""
    told = f"{type(word).__name__.lower()}.{word}"
    return say(f"{told}.until", at=at) if at else say(f"{told}.what"), say(f"{told}.do")
