"""Where a SEPA credit transfer can go (EPC409-09); territories use their state's IBAN."""

_COUNTRIES = (
    "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT"
    " RO RS SE SI SK SM VA"
)
COUNTRIES = frozenset(_COUNTRIES.split())
