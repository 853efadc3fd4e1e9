"""The words of the customer's page that the document itself does not have, in the customer's language."""

from __future__ import annotations

from collections.abc import Mapping

from invoices.documents.labels import Words as DocumentWords
from portal.act_words import ACT_TEXTS
from portal.dispute_words import DISPUTE_TEXTS
from portal.my_words_more import MY_TEXTS
from portal.rate_words import RATE_TEXTS

LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "hi": "हिन्दी"}
"""Language -> its own name, in the order of the switch."""

_EN = {
    "open": "Open",
    "overdue": "Overdue",
    "part_paid": "Partly paid",
    "paid": "Paid",
    "credited": "Credited",
    "closed": "Closed",
    "cancelled": "Cancelled",
    "credit": "Credit",
    "to_pay": "To pay now",
    "nothing_to_pay": "Nothing to pay",
    "late_one": "{days} day late, was due {date}",
    "late": "{days} days late, was due {date}",
    "paid_on": "Paid on {date}. Thank you.",
    "received": "Already settled",
    "still_open": "Open in all",
    "held": "Under review",
    "held_note": "{amount} is under review. You need not pay that part for now.",
    "credited_note": "This invoice was credited in full. Please do not pay it.",
    "cancelled_note": "This invoice was cancelled. Please do not pay it.",
    "closed_note": "This invoice is closed. Nothing is to be paid.",
    "corrected_by": "Corrected by {number} of {date}: {amount}",
    "next_part": "Instalment {n} of {count}",
    "part_settled": "settled",
    "lines_one": "1 line",
    "lines": "{count} lines",
    "pdf": "PDF",
    "pdf_later": "The PDF is being made. Please try again in a minute.",
    "print": "Print",
    "calendar": "Add to calendar",
    "how_to_pay": "How to pay",
    "no_payment": "Payment",
    "copy": "Copy {what}",
    "copied": "Copied",
    "early": "Pay early and save",
    "in_words": "This invoice in words",
    "changed": "What changed since {number}",
    "question": "Something wrong or unclear? Write to us",
    "fraud": "Only transfer to the account shown on this page. We never announce a new account by e-mail;"
    " if a mail says so, call us.",
    "language": "Language",
    "terms": "Payment terms that apply",
    "preview": "You see the customer's page. This view closes at {time}.",
    "summary": "Summary",
    "gone_title": "This link does not open anything",
    "gone": "It may have expired, been replaced, or lost a part on the way."
    " Ask the sender of the invoice for a new one.",
    "busy_title": "Too many requests",
    "busy": "Please wait a few minutes and open the link again.",
}

_DE = {
    "open": "Offen",
    "overdue": "Überfällig",
    "part_paid": "Teilweise bezahlt",
    "paid": "Bezahlt",
    "credited": "Gutgeschrieben",
    "closed": "Abgeschlossen",
    "cancelled": "Storniert",
    "credit": "Gutschrift",
    "to_pay": "Jetzt zu zahlen",
    "nothing_to_pay": "Nichts zu zahlen",
    "late_one": "{days} Tag überfällig, fällig war {date}",
    "late": "{days} Tage überfällig, fällig war {date}",
    "paid_on": "Bezahlt am {date}. Vielen Dank.",
    "received": "Bereits ausgeglichen",
    "still_open": "Insgesamt offen",
    "held": "In Klärung",
    "held_note": "{amount} sind in Klärung. Diesen Teil müssen Sie vorerst nicht zahlen.",
    "credited_note": "Diese Rechnung wurde vollständig gutgeschrieben. Bitte nicht bezahlen.",
    "cancelled_note": "Diese Rechnung wurde storniert. Bitte nicht bezahlen.",
    "closed_note": "Diese Rechnung ist abgeschlossen. Es ist nichts zu zahlen.",
    "corrected_by": "Korrigiert durch {number} vom {date}: {amount}",
    "next_part": "Rate {n} von {count}",
    "part_settled": "ausgeglichen",
    "lines_one": "1 Position",
    "lines": "{count} Positionen",
    "pdf": "PDF",
    "pdf_later": "Das PDF wird gerade erstellt. Bitte versuchen Sie es in einer Minute noch einmal.",
    "print": "Drucken",
    "calendar": "In den Kalender",
    "how_to_pay": "So können Sie zahlen",
    "no_payment": "Zahlung",
    "copy": "{what} kopieren",
    "copied": "Kopiert",
    "early": "Früher zahlen und sparen",
    "in_words": "Diese Rechnung in Worten",
    "changed": "Was sich seit {number} geändert hat",
    "question": "Stimmt etwas nicht oder ist etwas unklar? Schreiben Sie uns",
    "fraud": "Überweisen Sie nur auf das Konto auf dieser Seite. Ein neues Konto teilen wir nie per E-Mail"
    " mit; behauptet das eine Mail, rufen Sie uns bitte an.",
    "language": "Sprache",
    "terms": "Geltende Zahlungsbedingungen",
    "preview": "Sie sehen die Seite des Kunden. Diese Ansicht schließt um {time}.",
    "summary": "Übersicht",
    "gone_title": "Dieser Link öffnet nichts",
    "gone": "Er kann abgelaufen, ersetzt oder unvollständig sein."
    " Bitten Sie den Absender der Rechnung um einen neuen.",
    "busy_title": "Zu viele Anfragen",
    "busy": "Bitte warten Sie einige Minuten und öffnen Sie den Link dann noch einmal.",
}

_FR = {
    "open": "À payer",
    "overdue": "En retard",
    "part_paid": "Payée en partie",
    "paid": "Payée",
    "credited": "Créditée",
    "closed": "Clôturée",
    "cancelled": "Annulée",
    "credit": "Avoir",
    "to_pay": "À payer maintenant",
    "nothing_to_pay": "Rien à payer",
    "late_one": "{days} jour de retard, échéance le {date}",
    "late": "{days} jours de retard, échéance le {date}",
    "paid_on": "Payée le {date}. Merci.",
    "received": "Déjà réglé",
    "still_open": "Reste dû en tout",
    "held": "En cours de vérification",
    "held_note": "{amount} sont en cours de vérification. Vous n'avez pas à payer cette part pour le moment.",
    "credited_note": "Cette facture a été créditée en totalité. Merci de ne pas la payer.",
    "cancelled_note": "Cette facture a été annulée. Merci de ne pas la payer.",
    "closed_note": "Cette facture est clôturée. Il n'y a rien à payer.",
    "corrected_by": "Corrigée par {number} du {date} : {amount}",
    "next_part": "Échéance {n} sur {count}",
    "part_settled": "réglée",
    "lines_one": "1 ligne",
    "lines": "{count} lignes",
    "pdf": "PDF",
    "pdf_later": "Le PDF est en préparation. Merci de réessayer dans une minute.",
    "print": "Imprimer",
    "calendar": "Ajouter au calendrier",
    "how_to_pay": "Comment payer",
    "no_payment": "Paiement",
    "copy": "Copier {what}",
    "copied": "Copié",
    "early": "Payer tôt et économiser",
    "in_words": "Cette facture en mots",
    "changed": "Ce qui a changé depuis {number}",
    "question": "Une erreur ou une question ? Écrivez-nous",
    "fraud": "Ne virez que sur le compte affiché sur cette page. Nous n'annonçons jamais un nouveau compte"
    " par e-mail ; si un message le prétend, appelez-nous.",
    "language": "Langue",
    "terms": "Conditions de paiement applicables",
    "preview": "Vous voyez la page du client. Cette vue se ferme à {time}.",
    "summary": "Résumé",
    "gone_title": "Ce lien n'ouvre rien",
    "gone": "Il a peut-être expiré, été remplacé ou perdu une partie en route."
    " Demandez-en un nouveau à l'émetteur de la facture.",
    "busy_title": "Trop de demandes",
    "busy": "Merci d'attendre quelques minutes, puis d'ouvrir de nouveau le lien.",
}

_ES = {
    "open": "Pendiente",
    "overdue": "Vencida",
    "part_paid": "Pagada en parte",
    "paid": "Pagada",
    "credited": "Abonada",
    "closed": "Cerrada",
    "cancelled": "Anulada",
    "credit": "Abono",
    "to_pay": "A pagar ahora",
    "nothing_to_pay": "Nada que pagar",
    "late_one": "{days} día de retraso, vencía el {date}",
    "late": "{days} días de retraso, vencía el {date}",
    "paid_on": "Pagada el {date}. Gracias.",
    "received": "Ya liquidado",
    "still_open": "Pendiente en total",
    "held": "En revisión",
    "held_note": "{amount} están en revisión. De momento no tiene que pagar esa parte.",
    "credited_note": "Esta factura se ha abonado por completo. No la pague, por favor.",
    "cancelled_note": "Esta factura se ha anulado. No la pague, por favor.",
    "closed_note": "Esta factura está cerrada. No hay nada que pagar.",
    "corrected_by": "Corregida por {number} del {date}: {amount}",
    "next_part": "Plazo {n} de {count}",
    "part_settled": "liquidado",
    "lines_one": "1 línea",
    "lines": "{count} líneas",
    "pdf": "PDF",
    "pdf_later": "El PDF se está preparando. Inténtelo de nuevo en un minuto.",
    "print": "Imprimir",
    "calendar": "Añadir al calendario",
    "how_to_pay": "Cómo pagar",
    "no_payment": "Pago",
    "copy": "Copiar {what}",
    "copied": "Copiado",
    "early": "Pagar antes y ahorrar",
    "in_words": "Esta factura en palabras",
    "changed": "Qué ha cambiado desde {number}",
    "question": "¿Algo no cuadra o no está claro? Escríbanos",
    "fraud": "Transfiera solo a la cuenta que aparece en esta página. Nunca anunciamos una cuenta nueva"
    " por correo; si un mensaje lo dice, llámenos.",
    "language": "Idioma",
    "terms": "Condiciones de pago aplicables",
    "preview": "Está viendo la página del cliente. Esta vista se cierra a las {time}.",
    "summary": "Resumen",
    "gone_title": "Este enlace no abre nada",
    "gone": "Puede haber caducado, haberse sustituido o estar incompleto."
    " Pida uno nuevo a quien le envió la factura.",
    "busy_title": "Demasiadas solicitudes",
    "busy": "Espere unos minutos y vuelva a abrir el enlace.",
}

_HI = {
    "open": "बकाया",
    "overdue": "समय बीत गया",
    "part_paid": "आंशिक भुगतान",
    "paid": "भुगतान हो गया",
    "credited": "क्रेडिट किया गया",
    "closed": "बंद",
    "cancelled": "रद्द",
    "credit": "क्रेडिट",
    "to_pay": "अभी देय",
    "nothing_to_pay": "कुछ देय नहीं",
    "late_one": "{days} दिन की देरी, देय तिथि {date} थी",
    "late": "{days} दिन की देरी, देय तिथि {date} थी",
    "paid_on": "{date} को भुगतान मिला। धन्यवाद।",
    "received": "पहले से चुकता",
    "still_open": "कुल बकाया",
    "held": "जाँच में",
    "held_note": "{amount} जाँच में है। यह हिस्सा अभी देने की ज़रूरत नहीं है।",
    "credited_note": "इस बिल की पूरी राशि क्रेडिट कर दी गई है। कृपया भुगतान न करें।",
    "cancelled_note": "यह बिल रद्द कर दिया गया है। कृपया भुगतान न करें।",
    "closed_note": "यह बिल बंद है। कुछ भी देय नहीं है।",
    "corrected_by": "{date} के {number} से सुधारा गया: {amount}",
    "next_part": "किस्त {n} / {count}",
    "part_settled": "चुकता",
    "lines_one": "1 मद",
    "lines": "{count} मदें",
    "pdf": "PDF",
    "pdf_later": "PDF बन रहा है। कृपया एक मिनट बाद फिर कोशिश करें।",
    "print": "प्रिंट करें",
    "calendar": "कैलेंडर में जोड़ें",
    "how_to_pay": "भुगतान कैसे करें",
    "no_payment": "भुगतान",
    "copy": "{what} कॉपी करें",
    "copied": "कॉपी हो गया",
    "early": "जल्दी भुगतान पर बचत",
    "in_words": "यह बिल शब्दों में",
    "changed": "{number} के बाद क्या बदला",
    "question": "कुछ गलत या अस्पष्ट है? हमें लिखें",
    "fraud": "केवल इस पृष्ठ पर दिखाए गए खाते में भुगतान करें। हम नया खाता कभी ई-मेल से नहीं बताते;"
    " अगर कोई मेल ऐसा कहे तो हमें फ़ोन करें।",
    "language": "भाषा",
    "terms": "लागू भुगतान शर्तें",
    "preview": "आप ग्राहक का पृष्ठ देख रहे हैं। यह दृश्य {time} पर बंद होगा।",
    "summary": "सारांश",
    "gone_title": "यह लिंक कुछ नहीं खोलता",
    "gone": "हो सकता है कि यह समाप्त हो गया हो, बदल दिया गया हो या अधूरा हो। बिल भेजने वाले से नया लिंक माँगें।",
    "busy_title": "बहुत अधिक अनुरोध",
    "busy": "कृपया कुछ मिनट बाद लिंक फिर खोलें।",
}

TEXTS: Mapping[str, Mapping[str, str]] = {"en": _EN, "de": _DE, "fr": _FR, "es": _ES, "hi": _HI}


class Words:
    """The page's words of one language; what it does not have is asked of the document's."""

    def __init__(self, language: str) -> None:
        self.language = known_language(language) or "en"
        parts = (TEXTS, ACT_TEXTS, MY_TEXTS, RATE_TEXTS, DISPUTE_TEXTS)
        self._own = {key: text for part in parts for key, text in part[self.language].items()}
        self._document = DocumentWords(self.language)

    def __getitem__(self, key: str) -> str:
        return self._own[key] if key in self._own else self._document[key]

    def say(self, key: str, **values: object) -> str:
        """The phrase with its placeholders filled; values are inserted as they are."""
        return self[key].format_map({name: str(value) for name, value in values.items()})


def known_language(tag: str) -> str:
    """The language of "de-AT" where we speak it, "" where we do not."""
    base = tag.replace("_", "-").partition("-")[0].strip().lower()
    return base if base in LANGUAGES else ""


def first_accepted(header: str) -> str:
    """The first language of an Accept-Language header that we speak, as browsers order it; "en" for none."""
    tags = (part.partition(";")[0] for part in header[:200].split(","))
    return next((known for tag in tags if (known := known_language(tag))), "en")
