"""Reading feedback: answers, surveys, figures, the box and improvements, and who sees them."""

from feedback.queries._answers import (
    Filters,
    answer_by,
    found,
    found_surveys,
    surveys_visible_to,
    visible_to,
)
from feedback.queries._figures import (
    Group,
    complaints_of,
    figure_of,
    figures_of,
    groups_of,
    last_months,
    months_of,
    themes_of,
)
from feedback.queries._improvements import (
    board,
    companies_of,
    figure_named,
    figures_known,
    improvements_visible_to,
    owners,
    suggestions,
    told_to,
)
from feedback.queries._subjects import Setting, invoice_of, setting_of

__all__ = [
    "Filters",
    "Group",
    "Setting",
    "answer_by",
    "board",
    "companies_of",
    "complaints_of",
    "figure_named",
    "figure_of",
    "figures_known",
    "figures_of",
    "found",
    "found_surveys",
    "groups_of",
    "improvements_visible_to",
    "invoice_of",
    "last_months",
    "months_of",
    "owners",
    "setting_of",
    "suggestions",
    "surveys_visible_to",
    "themes_of",
    "told_to",
    "visible_to",
]
