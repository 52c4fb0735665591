"""All words that a door shows, in French and English, and how each language writes hours.

A catalogue is a plain dict from a message's name to its text; both have the same names. A blank
that must not break is U+00A0. Texts are told by `say`, with their places filled.
"""

# ruff: noqa: RUF001  # the apostrophes and dashes of good typography

from __future__ import annotations

from datetime import date, datetime, timedelta

Language = str
"""A language by its code, such as ``fr``."""

FRENCH: dict[str, str] = {
    # The signs.
    "sign.free": "Libre",
    "sign.soon": "Bientôt",
    "sign.taken": "Occupée",
    "sign.booked": "Réservée",
    "sign.released": "Réservée, vide",
    "sign.unknown": "Inconnu",
    "sign.closed": "Fermé",
    "sign.out-of-order": "Hors service",
    # The line below.
    "until": "jusqu’à {hour}",
    "until-day": "jusqu’à {day}, {hour}",
    "free.rest-of-day": "pour le reste de la journée",
    "free.closes": "ferme à {hour}",
    "soon.booked": "réservée à {hour}",
    "soon.in": "libre encore {duration}",
    "in-use.confirmed": "présence confirmée à {hour}",
    "occupied.walk-in": "sans réservation, jusqu’à {hour}",
    "occupied.walk-in-day": "sans réservation, jusqu’à {day}, {hour}",
    "occupied.pressed": "dernier appui à {hour}",
    "occupied.early": "en avance pour {hour}",
    "booked.nobody": "personne n’a confirmé\u00a0: frappez au bouton",
    "booked.warning": "personne n’a confirmé\u00a0: libérée dans {duration}",
    "booked.left": "parti à {hour}",
    "booked.all-day": "toute la journée",
    "booked.unsure": "horaire incertain\u00a0: frappez avant d’entrer",
    "released.nobody": "personne n’est venu\u00a0: prenez-la d’un appui",
    "released.left": "parti à {hour}\u00a0: prenez-la d’un appui",
    "unknown.never": "horaires du jour jamais lus",
    "unknown.since": "pas d’horaires depuis {hour}",
    "unknown.since-day": "pas d’horaires depuis {day}, {hour}",
    "unknown.knock": "frappez avant d’entrer",
    "unknown.waiting": "j’attends le serveur",
    "unknown.no-room": "le serveur ne connaît pas cette salle",
    "closed.opens": "ouvre à {hour}",
    "closed.opens-day": "ouvre {day} à {hour}",
    "closed.retired": "cette salle n’est plus utilisée",
    "until-further-notice": "jusqu’à nouvel ordre",
    # The side.
    "now": "Maintenant",
    "next": "Ensuite",
    "then": "Puis",
    "tomorrow": "Demain",
    "walk-in": "Présence sans réservation",
    "untitled": "Réservation",
    "nothing-more": "Plus rien de prévu aujourd’hui",
    "nothing": "Rien de prévu aujourd’hui",
    "span": "{start} – {end}",
    "all-day": "toute la journée",
    "quoted": "«\u00a0{text}\u00a0»",
    # How old it is.
    "age.now": "Horaires lus à l’instant",
    "age": "Horaires lus il y a {duration}",
    "age.day": "Horaires lus {day} à {hour}",
    "age.never": "Horaires jamais lus",
    "offline": "hors ligne",
    # Loud.
    "cut-off": "Sans liaison depuis {hour}",
    "cut-off-day": "Sans liaison depuis {day}, {hour}",
    "cut-off.never": "Serveur introuvable",
    "cut-off.more": "affichage de ce qui est connu\u00a0; les appuis sont gardés",
    "cut-off.pending-one": "affichage de ce qui est connu\u00a0; 1 appui gardé",
    "cut-off.pending": "affichage de ce qui est connu\u00a0; {count} appuis gardés",
    "refused-door": "Porte refusée par le serveur",
    "refused-door.more": "prévenez l’accueil\u00a0; les appuis sont gardés",
    "disk": "Disque en panne",
    "disk.more": "les appuis seraient perdus\u00a0: prévenez l’accueil",
    "button": "Bouton en panne",
    "button.more": "les appuis ne comptent pas\u00a0: prévenez l’accueil",
    "stuck": "Bouton coincé",
    "stuck.more": "ses appuis ne comptent pas\u00a0: prévenez l’accueil",
    "stale": "Horaires non relus depuis {hour}",
    "stale-day": "Horaires non relus depuis {day}, {hour}",
    "stale.more": "ils ont pu changer",
    # The button.
    "hint.present": "Appuyez\u00a0: je suis là",
    "hint.leaving": "Tenez\u00a0: je pars",
    "told.touched": "Toc toc\u00a0!",
    "told.touched.more": "Tenez encore pour dire que vous partez.",
    "told.sending.present": "Toc toc\u00a0!",
    "told.sending.leaving": "Bonne route\u00a0!",
    "told.sending.more": "Un instant…",
    "told.noted.present": "C’est noté",
    "told.noted.leaving": "Départ noté",
    "told.noted.more": "J’attends le serveur…",
    "told.kept.present": "Noté ici",
    "told.kept.leaving": "Départ noté ici",
    "told.kept.more": "Pas de liaison\u00a0: votre appui est gardé et partira à son retour.",
    "told.walk-in": "La salle est à vous",
    "told.check-in": "C’est confirmé",
    "told.renewed": "Toujours là",
    "told.until": "Enregistré, jusqu’à {hour}.",
    "told.recorded": "Enregistré.",
    "told.left": "À bientôt\u00a0!",
    "told.left.more": "Votre départ est enregistré.",
    "told.none": "Rien à changer",
    "told.none.more": "Personne n’était annoncé ici. C’est enregistré.",
    "told.superseded": "C’est enregistré",
    "told.superseded.more": "Un appui plus récent compte déjà.",
    "told.refused": "Pas accepté",
    "told.refused.too-fast": "Trop d’appuis à la fois\u00a0: celui-ci attend son tour.",
    "told.refused.server": "Le serveur a un problème\u00a0: votre appui est gardé.",
    "told.refused.other": "Le serveur n’en veut pas\u00a0: prévenez l’accueil.",
    # Attributes.
    "seats": "{count} places",
    # Calendar.
    "midnight": "minuit",
    "today": "aujourd’hui",
    "yesterday": "hier",
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
    "date": "{weekday} {day}\u00a0{month}",
    "first-of-month": "{weekday} 1er\u00a0{month}",
    "minutes": "{minutes}\u00a0min",
    "hours": "{hours}\u00a0h",
    "hours-minutes": "{hours}\u00a0h\u00a0{minutes:02}",
    "days-one": "1\u00a0jour",
    "days": "{days}\u00a0jours",
}

ENGLISH: dict[str, str] = {
    "sign.free": "Free",
    "sign.soon": "Soon",
    "sign.taken": "Occupied",
    "sign.booked": "Booked",
    "sign.released": "Booked, empty",
    "sign.unknown": "Unknown",
    "sign.closed": "Closed",
    "sign.out-of-order": "Out of order",
    "until": "until {hour}",
    "until-day": "until {day}, {hour}",
    "free.rest-of-day": "for the rest of the day",
    "free.closes": "closes at {hour}",
    "soon.booked": "booked at {hour}",
    "soon.in": "free for another {duration}",
    "in-use.confirmed": "presence confirmed at {hour}",
    "occupied.walk-in": "without a booking, until {hour}",
    "occupied.walk-in-day": "without a booking, until {day}, {hour}",
    "occupied.pressed": "last press at {hour}",
    "occupied.early": "early for {hour}",
    "booked.nobody": "nobody has confirmed: knock on the button",
    "booked.warning": "nobody has confirmed: freed in {duration}",
    "booked.left": "left at {hour}",
    "booked.all-day": "all day",
    "booked.unsure": "hours uncertain: knock before you enter",
    "released.nobody": "nobody came: take it with a press",
    "released.left": "left at {hour}: take it with a press",
    "unknown.never": "today’s timetable was never read",
    "unknown.since": "no timetable since {hour}",
    "unknown.since-day": "no timetable since {day}, {hour}",
    "unknown.knock": "knock before you enter",
    "unknown.waiting": "waiting for the server",
    "unknown.no-room": "the server does not know this room",
    "closed.opens": "opens at {hour}",
    "closed.opens-day": "opens {day} at {hour}",
    "closed.retired": "this room is no longer used",
    "until-further-notice": "until further notice",
    "now": "Now",
    "next": "Next",
    "then": "Then",
    "tomorrow": "Tomorrow",
    "walk-in": "Presence without a booking",
    "untitled": "Booking",
    "nothing-more": "Nothing more today",
    "nothing": "Nothing today",
    "span": "{start} – {end}",
    "all-day": "all day",
    "quoted": "“{text}”",
    "age.now": "Timetable read just now",
    "age": "Timetable read {duration} ago",
    "age.day": "Timetable read {day} at {hour}",
    "age.never": "Timetable never read",
    "offline": "offline",
    "cut-off": "No connection since {hour}",
    "cut-off-day": "No connection since {day}, {hour}",
    "cut-off.never": "Server not found",
    "cut-off.more": "showing what is known; presses are kept",
    "cut-off.pending-one": "showing what is known; 1 press kept",
    "cut-off.pending": "showing what is known; {count} presses kept",
    "refused-door": "The server refuses this door",
    "refused-door.more": "please tell the front desk; presses are kept",
    "disk": "Disk failure",
    "disk.more": "presses would be lost: please tell the front desk",
    "button": "Button failure",
    "button.more": "presses do not count: please tell the front desk",
    "stuck": "Button stuck",
    "stuck.more": "its presses do not count: please tell the front desk",
    "stale": "Timetable not read again since {hour}",
    "stale-day": "Timetable not read again since {day}, {hour}",
    "stale.more": "it may have changed",
    "hint.present": "Press: I am here",
    "hint.leaving": "Hold: I am leaving",
    "told.touched": "Knock knock!",
    "told.touched.more": "Keep holding to say that you leave.",
    "told.sending.present": "Knock knock!",
    "told.sending.leaving": "Goodbye!",
    "told.sending.more": "One moment…",
    "told.noted.present": "Noted",
    "told.noted.leaving": "Departure noted",
    "told.noted.more": "Waiting for the server…",
    "told.kept.present": "Noted here",
    "told.kept.leaving": "Departure noted here",
    "told.kept.more": "No connection: your press is kept and will be sent when it is back.",
    "told.walk-in": "The room is yours",
    "told.check-in": "Confirmed",
    "told.renewed": "Still here",
    "told.until": "Recorded, until {hour}.",
    "told.recorded": "Recorded.",
    "told.left": "See you soon!",
    "told.left.more": "Your departure is recorded.",
    "told.none": "Nothing to change",
    "told.none.more": "Nobody was announced here. It is recorded.",
    "told.superseded": "Recorded",
    "told.superseded.more": "A more recent press counts already.",
    "told.refused": "Not accepted",
    "told.refused.too-fast": "Too many presses at once: this one waits its turn.",
    "told.refused.server": "The server has a problem: your press is kept.",
    "told.refused.other": "The server does not take it: please tell the front desk.",
    "seats": "{count} seats",
    "midnight": "midnight",
    "today": "today",
    "yesterday": "yesterday",
    "day.0": "Monday",
    "day.1": "Tuesday",
    "day.2": "Wednesday",
    "day.3": "Thursday",
    "day.4": "Friday",
    "day.5": "Saturday",
    "day.6": "Sunday",
    "month.1": "January",
    "month.2": "February",
    "month.3": "March",
    "month.4": "April",
    "month.5": "May",
    "month.6": "June",
    "month.7": "July",
    "month.8": "August",
    "month.9": "September",
    "month.10": "October",
    "month.11": "November",
    "month.12": "December",
    "date": "{weekday} {day}\u00a0{month}",
    "first-of-month": "{weekday} 1\u00a0{month}",
    "minutes": "{minutes}\u00a0min",
    "hours": "{hours}\u00a0h",
    "hours-minutes": "{hours}\u00a0h\u00a0{minutes:02}",
    "days-one": "1\u00a0day",
    "days": "{days}\u00a0days",
}

CATALOGUES: dict[Language, dict[str, str]] = {"fr": FRENCH, "en": ENGLISH}


def say(language: Language, name: str, **places: object) -> str:
    """Tell a text.

    Args:
        language: In which language.
        name: Name of the message.
        places: What fills its places.

    Raises:
        KeyError: There is no such message, or a place was left empty.
    """
    return CATALOGUES[language][name].format(**places)


def hour(language: Language, local: datetime) -> str:
    """Write an hour of the day: ``14 h 30`` and ``14 h`` in French, ``14:30`` in English.

    Args:
        language: In which language.
        local: The instant in the zone in which it is read.
    """
    if language == "fr":
        return f"{local.hour}\u00a0h\u00a0{local.minute:02}" if local.minute else f"{local.hour}\u00a0h"
    return f"{local.hour}:{local.minute:02}"


def clock(local: datetime) -> str:
    """Write the time as a clock shows it, two digits each: ``09:05``."""
    return f"{local.hour:02}:{local.minute:02}"


def duration(language: Language, length: timedelta) -> str:
    """Write a length of time in whole minutes, from two days on in days: ``1 h 20``, ``3 min``."""
    minutes = int(length.total_seconds()) // 60
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return say(language, "days", days=hours // 24)
    if hours == 0:
        return say(language, "minutes", minutes=minutes)
    return say(language, "hours-minutes" if rest else "hours", hours=hours, minutes=rest)


def full_date(language: Language, day: date) -> str:
    """Write a date with its weekday and without its year: ``vendredi 20 novembre``."""
    name = "first-of-month" if day.day == 1 else "date"
    weekday = say(language, f"day.{day.weekday()}")
    return say(language, name, weekday=weekday, day=day.day, month=say(language, f"month.{day.month}"))


def near_day(language: Language, day: date, today: date) -> str:
    """Write a day as people speak of it: ``hier``, ``demain``, ``lundi``, ``lundi 3 mars``."""
    away = (day - today).days
    if away == -1:
        return say(language, "yesterday")
    if away == 0:
        return say(language, "today")
    if away == 1:
        return say(language, "tomorrow").lower()
    if 1 < away < 7:
        return say(language, f"day.{day.weekday()}")
    return full_date(language, day)
