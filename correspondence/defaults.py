"""The texts we start with: one per situation and language, and the fixed words of the mail's frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Text(NamedTuple):
    """Subject and body in the markup of `correspondence.markup`."""

    subject: str
    body: str


DEFAULTS: Mapping[str, Mapping[str, Text]] = {
    "invoice": {
        "en": Text(
            "Invoice {{document_number}} from {{seller_name}}",
            "# Your invoice {{document_number}}\n\n"
            "Hello,\n\n"
            "Here is our invoice for {{customer_name}}. **{{amount_due}}** is due on {{due_on}}.\n\n"
            "The invoice is attached as a PDF. On its page you see every line and the ways to pay; there you"
            " can ask a question or tell us that something is wrong.",
        ),
        "de": Text(
            "Rechnung {{document_number}} von {{seller_name}}",
            "# Ihre Rechnung {{document_number}}\n\n"
            "Guten Tag,\n\n"
            "anbei unsere Rechnung für {{customer_name}}. **{{amount_due}}** sind fällig am {{due_on}}.\n\n"
            "Die Rechnung ist als PDF angehängt. Auf der Seite der Rechnung sehen Sie jede Position und die"
            " Zahlungswege, und Sie können etwas fragen oder uns sagen, wenn etwas nicht stimmt.",
        ),
        "fr": Text(
            "Facture {{document_number}} de {{seller_name}}",
            "# Votre facture {{document_number}}\n\n"
            "Bonjour,\n\n"
            "voici notre facture pour {{customer_name}}. **{{amount_due}}** sont à payer le {{due_on}}.\n\n"
            "La facture est jointe en PDF. Sur sa page, vous voyez chaque ligne et les moyens de paiement, et"
            " vous pouvez poser une question ou signaler une erreur.",
        ),
        "es": Text(
            "Factura {{document_number}} de {{seller_name}}",
            "# Su factura {{document_number}}\n\n"
            "Hola:\n\n"
            "Le enviamos nuestra factura para {{customer_name}}. **{{amount_due}}** vencen el {{due_on}}.\n\n"
            "La factura va adjunta en PDF. En su página puede ver cada línea y las formas de pago, hacer una"
            " pregunta o avisarnos de un error.",
        ),
        "hi": Text(
            "{{seller_name}} की ओर से इनवॉइस {{document_number}}",
            "# आपका इनवॉइस {{document_number}}\n\n"
            "नमस्ते,\n\n"
            "{{customer_name}} के लिए हमारा इनवॉइस प्रस्तुत है। **{{amount_due}}** {{due_on}} को देय है।\n\n"
            "इनवॉइस PDF के रूप में संलग्न है। उसके पृष्ठ पर आप हर पंक्ति और भुगतान के तरीके देख सकते हैं,"
            " प्रश्न पूछ सकते हैं या गलती बता सकते हैं।",
        ),
    },
    "credit_note": {
        "en": Text(
            "Credit note {{document_number}} for invoice {{credited_number}}",
            "# Credit note {{document_number}}\n\n"
            "Hello,\n\n"
            "We have credited **{{amount}}** to {{customer_name}} for invoice {{credited_number}}."
            " The reason: {{reason}}.\n\n"
            "You need not do anything. The credit is set against what is open, or we pay it back.",
        ),
        "de": Text(
            "Rechnungskorrektur {{document_number}} zu Rechnung {{credited_number}}",
            "# Rechnungskorrektur {{document_number}}\n\n"
            "Guten Tag,\n\n"
            "wir haben {{customer_name}} zur Rechnung {{credited_number}} **{{amount}}** gutgeschrieben."
            " Der Grund: {{reason}}.\n\n"
            "Sie müssen nichts tun. Wir verrechnen den Betrag mit offenen Rechnungen oder zahlen ihn zurück.",
        ),
        "fr": Text(
            "Avoir {{document_number}} sur la facture {{credited_number}}",
            "# Avoir {{document_number}}\n\n"
            "Bonjour,\n\n"
            "nous avons crédité **{{amount}}** à {{customer_name}} sur la facture {{credited_number}}."
            " Le motif : {{reason}}.\n\n"
            "Vous n'avez rien à faire. L'avoir est déduit de vos factures ouvertes ou remboursé.",
        ),
        "es": Text(
            "Factura rectificativa {{document_number}} de la factura {{credited_number}}",
            "# Factura rectificativa {{document_number}}\n\n"
            "Hola:\n\n"
            "Hemos abonado **{{amount}}** a {{customer_name}} por la factura {{credited_number}}."
            " El motivo: {{reason}}.\n\n"
            "No tiene que hacer nada. Compensamos el importe con lo pendiente o se lo devolvemos.",
        ),
        "hi": Text(
            "इनवॉइस {{credited_number}} के लिए क्रेडिट नोट {{document_number}}",
            "# क्रेडिट नोट {{document_number}}\n\n"
            "नमस्ते,\n\n"
            "हमने {{customer_name}} को इनवॉइस {{credited_number}} के लिए **{{amount}}** जमा किए हैं।"
            " कारण: {{reason}}।\n\n"
            "आपको कुछ नहीं करना है। यह राशि बकाया में समायोजित की जाएगी या लौटाई जाएगी।",
        ),
    },
    "payment_received": {
        "en": Text(
            "We received your payment for {{document_number}}",
            "# Thank you for your payment\n\n"
            "Hello,\n\n"
            "We received **{{amount}}** from {{customer_name}} on {{received_on}} for {{document_number}}."
            "\n\n"
            "On the invoice's page you see what is still open.",
        ),
        "de": Text(
            "Ihre Zahlung zu {{document_number}} ist eingegangen",
            "# Vielen Dank für Ihre Zahlung\n\n"
            "Guten Tag,\n\n"
            "am {{received_on}} sind **{{amount}}** von {{customer_name}} zu {{document_number}}"
            " eingegangen.\n\n"
            "Auf der Seite der Rechnung sehen Sie, was noch offen ist.",
        ),
        "fr": Text(
            "Nous avons reçu votre paiement pour {{document_number}}",
            "# Merci pour votre paiement\n\n"
            "Bonjour,\n\n"
            "nous avons reçu **{{amount}}** de {{customer_name}} le {{received_on}} pour"
            " {{document_number}}.\n\n"
            "La page de la facture montre ce qui reste à payer.",
        ),
        "es": Text(
            "Hemos recibido su pago de {{document_number}}",
            "# Gracias por su pago\n\n"
            "Hola:\n\n"
            "Hemos recibido **{{amount}}** de {{customer_name}} el {{received_on}} por"
            " {{document_number}}.\n\n"
            "En la página de la factura puede ver lo que queda pendiente.",
        ),
        "hi": Text(
            "{{document_number}} के लिए आपका भुगतान मिल गया",
            "# भुगतान के लिए धन्यवाद\n\n"
            "नमस्ते,\n\n"
            "{{document_number}} के लिए {{customer_name}} से **{{amount}}** {{received_on}} को प्राप्त हुए।\n\n"
            "इनवॉइस के पृष्ठ पर आप देख सकते हैं कि क्या बाकी है।",
        ),
    },
}

# Words of the frame around every text: the card with the amount, the button, and whom to ask.
FRAME: Mapping[str, Mapping[str, str]] = {
    "en": {
        "invoice": "Invoice",
        "credit_note": "Credit note",
        "payment_received": "Payment for",
        "due": "Due {date}",
        "received": "Received {date}",
        "corrects": "Corrects {number}",
        "order": "your order {number}",
        "discount": "{amount} is enough until {date}",
        "open": "Still open: {amount}",
        "pay": "See invoice and pay",
        "see": "See the document",
        "account": "Account",
        "reference": "Reference",
        "question": "Question?",
        "reply": "Reply to this mail",
        "call": "Reply to this mail or call {phone}",
        "fraud": "We never announce a new bank account by mail; call us if a mail says so.",
        "terms": "Payment terms",
    },
    "de": {
        "invoice": "Rechnung",
        "credit_note": "Rechnungskorrektur",
        "payment_received": "Zahlung zu",
        "due": "Fällig am {date}",
        "received": "Eingegangen am {date}",
        "corrects": "Korrigiert {number}",
        "order": "Ihre Bestellung {number}",
        "discount": "{amount} genügen bis {date}",
        "open": "Noch offen: {amount}",
        "pay": "Rechnung ansehen und zahlen",
        "see": "Dokument ansehen",
        "account": "Konto",
        "reference": "Verwendung",
        "question": "Fragen?",
        "reply": "Antworten Sie auf diese Mail",
        "call": "Antworten Sie auf diese Mail oder rufen Sie an: {phone}",
        "fraud": "Wir nennen nie per Mail ein neues Bankkonto; rufen Sie uns an, wenn eine Mail das tut.",
        "terms": "Zahlungsbedingungen",
    },
    "fr": {
        "invoice": "Facture",
        "credit_note": "Avoir",
        "payment_received": "Paiement de",
        "due": "À payer le {date}",
        "received": "Reçu le {date}",
        "corrects": "Corrige {number}",
        "order": "votre commande {number}",
        "discount": "{amount} suffisent jusqu'au {date}",
        "open": "Reste à payer : {amount}",
        "pay": "Voir la facture et payer",
        "see": "Voir le document",
        "account": "Compte",
        "reference": "Référence",
        "question": "Une question ?",
        "reply": "Répondez à ce message",
        "call": "Répondez à ce message ou appelez le {phone}",
        "fraud": "Nous n'annonçons jamais un nouveau compte par e-mail ; appelez-nous en cas de doute.",
        "terms": "Conditions de paiement",
    },
    "es": {
        "invoice": "Factura",
        "credit_note": "Factura rectificativa",
        "payment_received": "Pago de",
        "due": "Vence el {date}",
        "received": "Recibido el {date}",
        "corrects": "Rectifica {number}",
        "order": "su pedido {number}",
        "discount": "{amount} bastan hasta el {date}",
        "open": "Pendiente: {amount}",
        "pay": "Ver la factura y pagar",
        "see": "Ver el documento",
        "account": "Cuenta",
        "reference": "Concepto",
        "question": "¿Preguntas?",
        "reply": "Responda a este correo",
        "call": "Responda a este correo o llame al {phone}",
        "fraud": "Nunca anunciamos una cuenta bancaria nueva por correo; llámenos si un correo lo dice.",
        "terms": "Condiciones de pago",
    },
    "hi": {
        "invoice": "इनवॉइस",
        "credit_note": "क्रेडिट नोट",
        "payment_received": "भुगतान",
        "due": "देय तिथि {date}",
        "received": "प्राप्ति {date}",
        "corrects": "{number} को संशोधित करता है",
        "order": "आपका ऑर्डर {number}",
        "discount": "{date} तक {amount} पर्याप्त है",
        "open": "अभी बाकी: {amount}",
        "pay": "इनवॉइस देखें और भुगतान करें",
        "see": "दस्तावेज़ देखें",
        "account": "खाता",
        "reference": "संदर्भ",
        "question": "प्रश्न?",
        "reply": "इस मेल का उत्तर दें",
        "call": "इस मेल का उत्तर दें या {phone} पर कॉल करें",
        "fraud": "हम नया बैंक खाता कभी मेल से नहीं बताते; कोई मेल ऐसा कहे तो हमें कॉल करें।",
        "terms": "भुगतान शर्तें",
    },
}
