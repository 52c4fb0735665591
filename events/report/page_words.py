"""The words of a report in the two languages of the school."""

# ruff: noqa: RUF001  # French writes a curly apostrophe

from __future__ import annotations

import re
from typing import Literal

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")

WEEKDAYS = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
MONTHS = {
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
        "novembre", "décembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December",
    ),
}  # fmt: skip

WORDS: dict[str, dict[Language, str]] = {
    "language": {"fr": "Français", "en": "English"},
    "title": {"fr": "Usage des salles", "en": "Use of rooms"},
    "as_of": {
        "fr": "{school} · {rooms} salles · calculé jusqu’à l’événement {seq} du journal {log}, {at}",
        "en": "{school} · {rooms} rooms · computed up to event {seq} of log {log}, {at}",
    },
    "partial": {
        "fr": "Le journal finit avant la fin du mois : les chiffres vont jusqu’au {day}.",
        "en": "The log ends before the month does: the figures go to {day}.",
    },
    "begins": {
        "fr": "Le journal commence le {day} : rien n’est su des jours d’avant.",
        "en": "The log begins on {day}: nothing is known of the days before.",
    },
    "theorique": {"fr": "taux théorique", "en": "booked"},
    "theorique_is": {"fr": "du temps d’ouverture réservé", "en": "of the opening time is booked"},
    "effectif": {"fr": "taux effectif", "en": "really used"},
    "effectif_is": {
        "fr": "du temps d’ouverture réservé et occupé",
        "en": "of the opening time is booked and somebody is there",
    },
    "no_shows": {"fr": "non honorées", "en": "no-shows"},
    "no_shows_is": {
        "fr": "des réservations observées, sans appui (règle {rule})",
        "en": "of the observed bookings, nobody pressed (rule {rule})",
    },
    "walk_ins": {"fr": "sans réservation", "en": "without a booking"},
    "walk_ins_is": {
        "fr": "heures d’occupation, aux heures d’ouverture",
        "en": "hours of presence, in opening hours",
    },
    "coverage": {"fr": "couverture", "en": "coverage"},
    "coverage_is": {
        "fr": "des réservations ont pu être observées",
        "en": "of the bookings could be observed",
    },
    "utilisation": {"fr": "taux de remplissage", "en": "utilisation"},
    "utilisation_is": {
        "fr": "fréquence × occupation des places, là où l’on a compté les têtes",
        "en": "frequency × occupancy of the seats, where heads were counted",
    },
    "heat_booked": {"fr": "Quand les salles sont réservées", "en": "When rooms are booked"},
    "heat_used": {"fr": "Quand quelqu’un y est", "en": "When somebody is there"},
    "heat_label": {"fr": "% du temps d’ouverture", "en": "% of the opening time"},
    "heat_text": {
        "fr": "Part du temps d’ouverture de toutes les salles, par heure et jour de la semaine.",
        "en": "Share of the opening time of all rooms, by hour and weekday.",
    },
    "rooms": {"fr": "Les salles, de la plus à la moins utilisée", "en": "The rooms, most used first"},
    "rooms_left_out": {
        "fr": "Les {most} plus utilisées et les {most} moins utilisées ; {rooms} autres sont entre elles.",
        "en": "The {most} used most and the {most} used least; {rooms} others lie between them.",
    },
    "booked": {"fr": "réservé", "en": "booked"},
    "used": {"fr": "réservé et occupé", "en": "booked and used"},
    "rates": {"fr": "Réservations non honorées", "en": "No-shows"},
    "rates_text": {
        "fr": "Une réservation est non honorée quand personne n’a appuyé dans la fenêtre {rule} minutes, "
        "alors que la porte veillait et que l’emploi du temps était connu. Sur {due} réservations dues, "
        "{confirmed} sont confirmées, {no_show} non honorées, {unobserved} non observées ; {late} ont vu "
        "arriver quelqu’un plus tard.",
        "en": "A booking is a no-show when nobody pressed in the window {rule} minutes, though the door "
        "watched and the timetable was known. Of {due} due bookings {confirmed} are confirmed, {no_show} "
        "no-shows, {unobserved} unobserved; to {late} somebody came later.",
    },
    "rates_scope": {
        "fr": "Qui vient sans appuyer y est compté absent ; une réservation dont la salle a servi à "
        "d’autres, honorée. Sous {least} réservations observées, aucun taux n’est donné.",
        "en": "Who came and did not press is among the no-shows; a booking in whose room others pressed is "
        "not. Of fewer than {least} observed bookings no rate is given.",
    },
    "of_observed": {"fr": "sur", "en": "of"},
    "rate_label": {"fr": "non honorées", "en": "no-shows"},
    "policies": {
        "fr": "Et si les réservations non confirmées étaient libérées ?",
        "en": "What if unconfirmed bookings were released?",
    },
    "policies_text": {
        "fr": "Le mois rejoué sous chaque règle : heures rendues, contre réservations où quelqu’un est venu "
        "plus tard. Examens, réservations longues et saisies tardives ne sont jamais libérés.",
        "en": "The month replayed under each rule: hours given back, against bookings to which somebody came "
        "later. Exams, long bookings and late entries are never released.",
    },
    "released_after": {"fr": "libérée après (min)", "en": "released after (min)"},
    "given_back": {"fr": "heures rendues", "en": "hours given back"},
    "came_later": {"fr": "quelqu’un est venu plus tard", "en": "somebody came later"},
    "released": {"fr": "libérées", "en": "released"},
    "observed": {"fr": "Ce qui a été observé", "en": "What was observed"},
    "observed_text": {
        "fr": "Une porte hors ligne ou un emploi du temps muet ne prouve rien : ces réservations ne comptent "
        "dans aucun taux. Les salles les moins observées :",
        "en": "A door that is offline or a timetable that is silent proves nothing: those bookings are in no "
        "rate. The rooms that were observed least:",
    },
    "all_observed": {"fr": "Toutes les réservations ont été observées.", "en": "Every booking was observed."},
    "room": {"fr": "salle", "en": "room"},
    "due": {"fr": "dues", "en": "due"},
    "unobserved": {"fr": "non observées", "en": "unobserved"},
    "annotated": {
        "fr": "Annotations d’opérateurs prises en compte : {count} ; sans elles : {no_show} non honorées, "
        "{confirmed} confirmées.",
        "en": "Annotations of operators in these figures: {count}; without them: {no_show} no-shows, "
        "{confirmed} confirmed.",
    },
    "opening_default": {
        "fr": "Heures d’ouverture : de 8 h à 18 h chaque jour, faute d’autres dans la configuration.",
        "en": "Opening hours: 08:00 to 18:00 on every day, for the configuration says none.",
    },
    "opening_configured": {
        "fr": "Heures d’ouverture : celles de la configuration, jour par jour.",
        "en": "Opening hours: those of the configuration, day by day.",
    },
    "opening_asked": {
        "fr": "Heures d’ouverture : celles demandées par --hours.",
        "en": "Opening hours: those asked for by --hours.",
    },
    "presence": {
        "fr": "Une présence va d’un appui à la fin de la réservation qu’il confirme, ou pour la durée dite, "
        "sauf appui de départ : qui vient sans appuyer n’y est pas, qui part sans le dire y est encore.",
        "en": "Presence goes from a press to the end of the booking that it confirms, or for as long as was "
        "said, unless a press says that they leave: who came without pressing is not in it, who left "
        "without a word is.",
    },
    "recompute": {"fr": "Recalculer :", "en": "Recompute:"},
    "left_out": {
        "fr": "Les jours de fermeture et les salles hors service ne comptent dans aucun dénominateur.",
        "en": "Closed days and rooms out of order are in no denominator.",
    },
    "nobody": {
        "fr": "Une présence est un appui sur un bouton, pas une personne : ce rapport ne parle de personne.",
        "en": "Presence is the press of a button, not a person: this report speaks of nobody.",
    },
    "nothing": {"fr": "Rien ce mois-ci.", "en": "Nothing this month."},
}

_BEFORE_SIGNS = re.compile(" (?=[;:?!])")
"""French sets a blank before these, at which no line may break."""


def word(name: str, language: Language, **values: object) -> str:
    """Say something in a language.

    Args:
        name: What.
        language: In which.
        values: What stands in its braces.
    """
    text = WORDS[name][language].format(**values)
    return _BEFORE_SIGNS.sub("\u00a0", text) if language == "fr" else text


def decimal(value: float, language: Language, places: int = 1) -> str:
    """Write a number as the language does: 1 234,5 or 1,234.5."""
    text = f"{value:,.{places}f}"
    return text.replace(",", "\u202f").replace(".", ",") if language == "fr" else text


def share(rate: float | None, language: Language) -> str:
    """Write a share in percent."""
    if rate is None:
        return "–"  # a dash
    return decimal(100 * rate, language) + ("\u202f%" if language == "fr" else " %")
